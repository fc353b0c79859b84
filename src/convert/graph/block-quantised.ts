import { floatBytes, type FloatDtype } from './graph-builder.ts'
import type { Precision, QuantisePlan } from './precision.ts'
import { transposeInto } from './weight-passes.ts'

/** Weights that share a scale: consecutive inputs of one output. onnxruntime's kernels are tuned for 32. */
const BLOCK = 32
/** Out-projections stay in 8 bits: with them ViT-H's 4-bit towers are 6 % larger and lose 13 % less than without. */
const EXACTING = /\.out\.weight$/

/**
 * Matrices in 4 or 8 bits with one scale a block of 32 weights; activations as they are. Runs on every provider
 * (MatMulNBits). `accuracy_level` 4 lets CPUs multiply in int8, which is far quicker there; others ignore it.
 */
export const blockQuantised = (
  usual: 4 | 8,
  float: FloatDtype,
  plan: Pick<QuantisePlan, 'adjust'>,
): Precision => ({
  float,
  embeddings: 'int8',
  adjust: (key, values) => plan.adjust(key, values),
  matmul(b, x, key, inputs, outputs) {
    const bits = EXACTING.test(key) ? 8 : usual
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
    return b.contrib(
      'MatMulNBits',
      [x, packed, scale],
      { K: inputs, N: outputs, bits, block_size: BLOCK, accuracy_level: 4 },
      key,
    )
  },
})

/** Shares of the full range that are tried for a 4-bit block: clipping its largest weight can make the others finer. */
const RANGES = [1, 0.95, 0.9, 0.85, 0.8, 0.75, 0.7, 0.65] as const

/**
 * Rounds blocks to whole steps around a zero point in the middle of the range. The weight of largest magnitude becomes
 * the end of the range that has one step more (-8 of -8…7), which makes the steps as small as they can be. For 4 bits
 * the range of least squared error is searched, and its scale refitted to the rounded values.
 */
export function quantiseBlocks(
  values: Float32Array,
  inputs: number,
  outputs: number,
  bits: 4 | 8,
  float: FloatDtype,
): { quantised: Uint8Array; scales: Float32Array } {
  const columns = new Float32Array(values.length)
  transposeInto(columns, inputs, 0, values, inputs, outputs)
  const zero = 1 << (bits - 1)
  const scales = new Float32Array(values.length / BLOCK)
  const quantised = new Uint8Array((values.length * bits) / 8)
  for (let block = 0, start = 0; block < scales.length; block++, start += BLOCK) {
    let extreme = 0
    for (let i = start; i < start + BLOCK; i++)
      if (Math.abs(columns[i]!) > Math.abs(extreme)) extreme = columns[i]!
    const full = extreme / -zero
    const scale = rounded(bits === 4 ? fittedScale(columns, start, full) : full, float)
    scales[block] = scale
    const inverse = scale === 0 ? 0 : 1 / scale
    if (bits === 8)
      for (let i = start; i < start + BLOCK; i++) quantised[i] = level(columns[i]! * inverse, zero) + zero
    else
      for (let i = start; i < start + BLOCK; i += 2)
        quantised[i >> 1] =
          (level(columns[i]! * inverse, zero) + zero) | ((level(columns[i + 1]! * inverse, zero) + zero) << 4)
  }
  return { quantised, scales }
}

/** With levels q of weights x the best scale is x·q / q·q, and what it explains of x·x is (x·q)² / q·q. */
function fittedScale(values: Float32Array, start: number, full: number): number {
  let [best, explained] = [full, 0]
  for (const range of RANGES) {
    const inverse = full === 0 ? 0 : 1 / (full * range)
    let xq = 0
    let qq = 0
    for (let i = start; i < start + BLOCK; i++) {
      const q = level(values[i]! * inverse, 8)
      xq += values[i]! * q
      qq += q * q
    }
    if (xq * xq > explained * qq) [best, explained] = [xq / qq, (xq * xq) / qq]
  }
  return best
}

/** The nearest whole number of -zero…zero-1. */
function level(value: number, zero: number): number {
  const whole = Math.round(value)
  if (whole >= zero) return zero - 1
  return whole < -zero ? -zero : whole
}

/** A scale as it is stored, so that the rounding of the weights knows of it. */
function rounded(scale: number, float: FloatDtype): number {
  if (float === 'float32') return Math.fround(scale)
  // Adding and taking away 2^13 times the value's binade leaves eleven bits.
  const magic = Math.fround(scale * 8193)
  return Math.fround(magic - Math.fround(magic - scale))
}
