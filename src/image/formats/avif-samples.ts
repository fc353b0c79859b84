import type { AvifColour } from './avif-boxes.ts'

/** Weights of red and blue in luma. */
export interface AvifMatrix {
  readonly kr: number
  readonly kb: number
}

/** What luma and chroma of 0…1 and -½…½ are multiplied with, and what is added, to give samples. */
export function levels(
  depth: number,
  fullRange: boolean,
): { yScale: number; yBias: number; cScale: number; middle: number } {
  const unit = 2 ** (depth - 8)
  const max = 2 ** depth - 1
  const middle = 128 * unit
  return fullRange
    ? { yScale: max, yBias: 0, cScale: max, middle }
    : { yScale: 219 * unit, yBias: 16 * unit, cScale: 224 * unit, middle }
}

/** Samples as stored; -1 where clipped colours do not tell. */
export interface Samples {
  readonly y: Int32Array
  readonly u: Int32Array
  readonly v: Int32Array
}

/** Solves the conversion backwards: luma of each pixel, chroma in its own resolution. */
export function recoverSamples(
  rgba: Uint16Array,
  width: number,
  height: number,
  colour: AvifColour,
  { kr, kb }: AvifMatrix,
  fullRange: boolean,
): Samples {
  const kg = 1 - kr - kb
  const max = 2 ** colour.depth - 1
  const { yScale, yBias, cScale, middle } = levels(colour.depth, fullRange)
  const pixels = width * height
  // Chroma at every pixel, still interpolated; NaN where a channel is clipped.
  const u = new Float64Array(pixels)
  const v = new Float64Array(pixels)
  const y = new Int32Array(pixels)
  for (let i = 0, p = 0; i < pixels; i++, p += 4) {
    const [r, g, b] = [rgba[p]! / 65535, rgba[p + 1]! / 65535, rgba[p + 2]! / 65535]
    const clipped = Math.min(r, g, b) === 0 || Math.max(r, g, b) === 1
    const luma = kr * r + kg * g + kb * b
    y[i] = clipped ? -1 : Math.round(luma * yScale + yBias)
    u[i] = clipped ? NaN : ((b - luma) / (2 * (1 - kb))) * cScale + middle
    v[i] = clipped ? NaN : ((r - luma) / (2 * (1 - kr))) * cScale + middle
  }
  const planes = [u, v].map((plane) => downsample(plane, width, height, colour)) as [Int32Array, Int32Array]
  // A pixel with one or two clipped channels tells its luma once its chroma is known from its neighbours.
  const [fullU, fullV] = planes.map((plane) => interpolate(plane, width, height, colour)) as [
    Float64Array,
    Float64Array,
  ]
  for (let i = 0, p = 0; i < pixels; i++, p += 4) {
    if (y[i]! >= 0) continue
    const cb = (fullU[i]! - middle) / cScale
    const cr = (fullV[i]! - middle) / cScale
    const lumas = [
      rgba[p]! / 65535 - 2 * (1 - kr) * cr,
      rgba[p + 1]! / 65535 + (2 * (kr * (1 - kr) * cr + kb * (1 - kb) * cb)) / kg,
      rgba[p + 2]! / 65535 - 2 * (1 - kb) * cb,
    ]
    const open = lumas.find((_, c) => rgba[p + c]! > 0 && rgba[p + c]! < 65535)
    y[i] =
      open === undefined || Number.isNaN(open)
        ? -1
        : Math.max(0, Math.min(max, Math.round(open * yScale + yBias)))
  }
  return { y, u: planes[0], v: planes[1] }
}

/** A sample as combinations of the pixels round it, of which each gives it exactly: [pixel, weight] pairs. */
type Terms = readonly (readonly [index: number, weight: number])[]

/** The ways to compute sample `i` of an axis back from its pixels: 3:1 between neighbours, alone at the ends. */
function inverse(i: number, size: number): Terms[] {
  const ways: Terms[] = []
  if (i === 0) ways.push([[0, 1]])
  if (2 * i + 1 === size - 1) ways.push([[2 * i + 1, 1]])
  if (i > 0)
    ways.push([
      [2 * i, 1.5],
      [2 * i - 1, -0.5],
    ])
  if (2 * i + 2 < size)
    ways.push([
      [2 * i + 1, 1.5],
      [2 * i + 2, -0.5],
    ])
  return ways
}

function downsample(plane: Float64Array, width: number, height: number, colour: AvifColour): Int32Array {
  const { halfWidth, halfHeight } = colour
  const columns = Array.from({ length: halfWidth ? (width + 1) >> 1 : width }, (_, x) =>
    halfWidth ? inverse(x, width) : [[[x, 1]] as Terms],
  )
  const rows = Array.from({ length: halfHeight ? (height + 1) >> 1 : height }, (_, y) =>
    halfHeight ? inverse(y, height) : [[[y, 1]] as Terms],
  )
  const out = new Int32Array(columns.length * rows.length).fill(-1)
  let at = 0
  for (const row of rows) {
    for (const column of columns) {
      search: for (const down of row) {
        for (const across of column) {
          let sum = 0
          for (const [y, a] of down) for (const [x, b] of across) sum += a * b * plane[y * width + x]!
          if (Number.isNaN(sum)) continue
          out[at] = Math.max(0, Math.round(sum))
          break search
        }
      }
      at++
    }
  }
  propagate(out, plane, width, height, colour)
  return out
}

/** Finds samples that are still unknown from pixels whose other samples are known, and from what that makes known. */
function propagate(
  samples: Int32Array,
  plane: Float64Array,
  width: number,
  height: number,
  colour: AvifColour,
): void {
  for (let pass = 0, found = samples.includes(-1); found && pass < 4; pass++) {
    found = false
    eachPixel(width, height, colour, false, (i, a, b, c, d, across, down) => {
      const [va, vb, vc, vd] = [samples[a]!, samples[b]!, samples[c]!, samples[d]!]
      if (Math.min(va, vb, vc, vd) >= 0 || Number.isNaN(plane[i]!)) return
      const wanted = va < 0 ? a : vb < 0 ? b : vc < 0 ? c : d
      let weight = 0
      let rest = plane[i]! * 16
      const add = (index: number, value: number, share: number): void => {
        if (index === wanted) weight += share
        else rest -= value < 0 ? NaN : value * share
      }
      add(a, va, across * down)
      add(b, vb, (4 - across) * down)
      add(c, vc, across * (4 - down))
      add(d, vd, (4 - across) * (4 - down))
      if (Number.isNaN(rest) || weight === 0) return
      samples[wanted] = Math.max(0, Math.round(rest / weight))
      found = true
    })
  }
}

/** libavif's own bilinear chroma, not rounded; NaN where a sample is unknown. */
function interpolate(plane: Int32Array, width: number, height: number, colour: AvifColour): Float64Array {
  const out = new Float64Array(width * height)
  eachPixel(width, height, colour, false, (i, a, b, c, d, across, down) => {
    const [va, vb, vc, vd] = [plane[a]!, plane[b]!, plane[c]!, plane[d]!]
    out[i] =
      Math.min(va, vb, vc, vd) < 0
        ? NaN
        : (va * across * down + vb * (4 - across) * down + (vc * across + vd * (4 - across)) * (4 - down)) /
          16
  })
  return out
}

/** Visits each pixel with its four samples, nearest first, and the quarters (of 4) that the nearer column and row weigh. */
export function eachPixel(
  width: number,
  height: number,
  { halfWidth, halfHeight }: AvifColour,
  lastColumnAlone: boolean,
  visit: (i: number, a: number, b: number, c: number, d: number, across: number, down: number) => void,
): void {
  const stride = halfWidth ? (width + 1) >> 1 : width
  const near = (x: number, half: boolean): number => (half ? x >> 1 : x)
  const far = (x: number, size: number, half: boolean, alone: boolean): number => {
    if (!half) return x
    const edge = x === 0 || (x === size - 1 && (alone || x % 2 === 1))
    return edge ? x >> 1 : (x >> 1) + (x % 2 === 1 ? 1 : -1)
  }
  for (let y = 0, i = 0; y < height; y++) {
    const row = near(y, halfHeight) * stride
    const other = far(y, height, halfHeight, false) * stride
    for (let x = 0; x < width; x++, i++) {
      const column = near(x, halfWidth)
      const beside = far(x, width, halfWidth, lastColumnAlone)
      visit(
        i,
        row + column,
        row + beside,
        other + column,
        other + beside,
        column === beside ? 4 : 3,
        row === other ? 4 : 3,
      )
    }
  }
}
