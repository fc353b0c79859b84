import { floatBytes, type FloatDtype } from './graph-builder.ts'
import type { Precision } from './precision.ts'
import { transposeInto } from './tower-weights.ts'

/** Weights that share a scale: consecutive inputs of one output. onnxruntime's kernels are tuned for 32. */
const BLOCK = 32

/**
 * Matrices in 4 or 8 bits with one scale a block of 32 weights; activations as they are. Runs on every provider
 * (MatMulNBits). `accuracy_level` 4 lets CPUs multiply in int8, which is far quicker there; others ignore it.
 */
export const blockQuantised = (bits: 4 | 8, float: FloatDtype): Precision => ({
  float,
  table: 'float16',
  matmul(b, x, key, inputs, outputs) {
    const blocks = inputs / BLOCK
    // Narrow towers have matrices that do not fill their blocks; they are too small to matter.
    if (!Number.isInteger(blocks)) return b.op('MatMul', [x, b.weight(key, [inputs, outputs])], {}, key)
    const [packed, scale] = [`${key}.q${bits}`, `${key}.scale`]
    b.store({
      key,
      tensors: [
        { name: packed, dtype: 'uint8', dims: [outputs, blocks, (BLOCK * bits) / 8] },
        { name: scale, dtype: float, dims: [outputs, blocks] },
      ],
      encode: (values) => {
        const { quantised, scales } = quantiseBlocks(values, inputs, outputs, bits, float)
        return [quantised, floatBytes(scales, float)]
      },
    })
    return b.contrib('MatMulNBits', [x, packed, scale], { K: inputs, N: outputs, bits, block_size: BLOCK, accuracy_level: 4 }, key)
  },
})

/**
 * Rounds blocks to whole steps around a zero point in the middle of the range. The weight of largest magnitude becomes
 * the end of the range that has one step more (-8 of -8…7), which makes the steps as small as they can be; for 4 bits
 * the scale is then refitted to the rounded values by least squares.
 */
export function quantiseBlocks(values: Float32Array, inputs: number, outputs: number, bits: 4 | 8, float: FloatDtype): { quantised: Uint8Array; scales: Float32Array } {
  const columns = new Float32Array(values.length)
  transposeInto(columns, inputs, 0, values, inputs, outputs)
  const zero = 1 << (bits - 1)
  const top = zero - 1
  const count = values.length / BLOCK
  const scales = new Float32Array(count)
  const quantised = new Uint8Array((values.length * bits) / 8)
  const levels = new Int32Array(BLOCK)
  for (let block = 0; block < count; block++) {
    const start = block * BLOCK
    let extreme = 0
    for (let i = start; i < start + BLOCK; i++) if (Math.abs(columns[i]!) > Math.abs(extreme)) extreme = columns[i]!
    let scale = rounded(extreme / -zero, float)
    fillLevels(levels, columns, start, scale, zero, top)
    if (bits === 4) {
      let xq = 0
      let qq = 0
      for (let i = 0; i < BLOCK; i++) {
        xq += columns[start + i]! * levels[i]!
        qq += levels[i]! * levels[i]!
      }
      if (qq > 0) scale = rounded(xq / qq, float)
      fillLevels(levels, columns, start, scale, zero, top)
    }
    scales[block] = scale
    if (bits === 8) for (let i = 0; i < BLOCK; i++) quantised[start + i] = levels[i]! + zero
    else for (let i = 0; i < BLOCK; i += 2) quantised[(start + i) >> 1] = (levels[i]! + zero) | ((levels[i + 1]! + zero) << 4)
  }
  return { quantised, scales }
}

function fillLevels(levels: Int32Array, from: Float32Array, start: number, scale: number, zero: number, top: number): void {
  const inverse = scale === 0 ? 0 : 1 / scale
  for (let i = 0; i < BLOCK; i++) {
    const level = Math.round(from[start + i]! * inverse)
    levels[i] = level > top ? top : level < -zero ? -zero : level
  }
}

/** A scale as it is stored, so that the rounding of the weights knows of it. */
function rounded(scale: number, float: FloatDtype): number {
  if (float === 'float32') return Math.fround(scale)
  // Adding and taking away 2^13 times the value's binade leaves eleven bits.
  const magic = Math.fround(scale * 8193)
  return Math.fround(magic - Math.fround(magic - scale))
}
