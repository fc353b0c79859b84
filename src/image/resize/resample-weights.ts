/**
 * Weights of Pillow's antialiased bicubic resampling along one axis, in fixed point with 22 fractional bits.
 * Follows `precompute_coeffs` and `normalize_coeffs_8bpc` of Pillow's Resample.c, in doubles and in its order of operations.
 */
export interface WeightTable {
  /** Per output `stride` values: first input (counted from `from`), number of weights, weights. */
  readonly data: Int32Array
  readonly stride: number
  /** Outputs in the table. */
  readonly count: number
  /** The inputs that any of them needs: `from` up to but not including `to`. */
  readonly from: number
  readonly to: number
}

/** Fractional bits of a weight: 32 bits, less 8 for the pixel, less 2 to spare for negative lobes. */
export const PRECISION_BITS = 22

/** The table of outputs `first … first + count - 1` of an axis resized from `inSize` to `outSize`. */
export function resampleWeights(inSize: number, outSize: number, first: number, count: number): WeightTable {
  const scale = Math.fround(inSize) / outSize
  const filterScale = Math.max(scale, 1)
  const support = 2 * filterScale
  const step = 1 / filterScale
  const stride = Math.ceil(support) * 2 + 3
  const one = 2 ** PRECISION_BITS
  const data = new Int32Array(count * stride)
  const weights = new Float64Array(stride)
  let from = inSize
  let to = 0
  for (let i = 0; i < count; i++) {
    const center = (first + i + 0.5) * scale
    const begin = Math.max(0, Math.trunc(center - support + 0.5))
    const length = Math.min(inSize, Math.trunc(center + support + 0.5)) - begin
    let sum = 0
    for (let x = 0; x < length; x++) {
      const weight = bicubic((x + begin - center + 0.5) * step)
      weights[x] = weight
      sum += weight
    }
    const entry = i * stride
    data[entry] = begin
    data[entry + 1] = length
    for (let x = 0; x < length; x++) {
      const weight = (sum === 0 ? weights[x]! : weights[x]! / sum) * one
      data[entry + 2 + x] = Math.trunc(weight < 0 ? weight - 0.5 : weight + 0.5)
    }
    from = Math.min(from, begin)
    to = Math.max(to, begin + length)
  }
  for (let entry = 0; entry < data.length; entry += stride) data[entry]! -= from
  return { data, stride, count, from, to }
}

/** Keys' cubic with a = -0.5 (`bicubic_filter` of Resample.c). */
function bicubic(x: number): number {
  const a = -0.5
  const d = x < 0 ? -x : x
  if (d < 1) return ((a + 2) * d - (a + 3)) * d * d + 1
  if (d < 2) return (((d - 5) * d + 8) * d - 4) * a
  return 0
}
