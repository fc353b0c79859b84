import type { TowerName } from '../../models/kinds.ts'
import type { Dtype } from '../../models/manifest.ts'
import { blockQuantised } from '../graph/block-quantised.ts'
import { int8 } from '../graph/int8.ts'
import { floating, type Precision, type QuantisePlan } from '../graph/precision.ts'

/** Precisions that are made with what calibration found out. */
export const needsCalibration = (dtype: Dtype): boolean => dtype !== 'fp32' && dtype !== 'fp16'

/**
 * How a tower is stored and multiplied in each precision. Text towers have 8-bit blocks in all of the quantised ones:
 * with scales for whole tokens and channels, or 4 bits, their embeddings lose several times as much as the vision
 * tower's, and a prompt has too few tokens for the faster kernel to matter.
 */
export function precisionOf(dtype: Dtype, tower: TowerName, plan: QuantisePlan | undefined): Precision {
  const text = tower === 'text'
  switch (dtype) {
    case 'fp32':
      return floating('float32')
    case 'fp16':
      return floating('float16')
    case 'int8':
      return text ? blockQuantised(8, 'float32', plan!) : int8(plan!)
    case 'q8':
      return blockQuantised(8, 'float32', plan!)
    case 'q4':
      return blockQuantised(text ? 8 : 4, 'float32', plan!)
    case 'q4f16':
      return blockQuantised(text ? 8 : 4, 'float16', plan!)
  }
}
