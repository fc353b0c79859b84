import type { Dtype } from '../../models/manifest.ts'
import { blockQuantised } from '../graph/block-quantised.ts'
import { int8, type Int8Plan } from '../graph/int8.ts'
import { floating, type Precision } from '../graph/precision.ts'

/** How each precision is stored and multiplied. int8 needs what calibration found out. */
export function precisionOf(dtype: Dtype, plan: Int8Plan | undefined): Precision {
  switch (dtype) {
    case 'fp32':
      return floating('float32')
    case 'fp16':
      return floating('float16')
    case 'int8':
      return int8(plan!)
    case 'q8':
      return blockQuantised(8, 'float32')
    case 'q4':
      return blockQuantised(4, 'float32')
    case 'q4f16':
      return blockQuantised(4, 'float16')
  }
}
