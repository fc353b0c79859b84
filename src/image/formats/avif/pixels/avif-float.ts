import type { AvifCoding } from '../container/avif-properties.ts'
import { type AvifAlpha, divide, roundAlpha } from './avif-alpha.ts'
import type { AvifPlanes } from './avif-planes.ts'

const f = Math.fround

/** Red's and blue's share of luma (colr.c); 0.299 and 0.114 for all others. */
const SHARES: Readonly<Record<number, readonly [kr: number, kb: number]>> = {
  1: [0.2126, 0.0722],
  4: [0.3, 0.11],
  7: [0.212, 0.087],
  9: [0.2627, 0.0593],
}

/** Chromaticities of red, green, blue and white, of ITU-T H.273. */
const CHROMATICITIES: Readonly<Record<number, readonly number[]>> = {
  1: [0.64, 0.33, 0.3, 0.6, 0.15, 0.06, 0.3127, 0.329],
  4: [0.67, 0.33, 0.21, 0.71, 0.14, 0.08, 0.31, 0.316],
  5: [0.64, 0.33, 0.29, 0.6, 0.15, 0.06, 0.3127, 0.329],
  6: [0.63, 0.34, 0.31, 0.595, 0.155, 0.07, 0.3127, 0.329],
  7: [0.63, 0.34, 0.31, 0.595, 0.155, 0.07, 0.3127, 0.329],
  8: [0.681, 0.319, 0.243, 0.692, 0.145, 0.049, 0.31, 0.316],
  9: [0.708, 0.292, 0.17, 0.797, 0.131, 0.046, 0.3127, 0.329],
  10: [1, 0, 0, 1, 0, 0, 0.3333, 0.3333],
  11: [0.68, 0.32, 0.265, 0.69, 0.15, 0.06, 0.314, 0.351],
  12: [0.68, 0.32, 0.265, 0.69, 0.15, 0.06, 0.3127, 0.329],
  22: [0.63, 0.34, 0.295, 0.605, 0.155, 0.077, 0.3127, 0.329],
}

/** libavif's own conversion, in floats of 32 bits (reformat.c). */
export function floatToRgb(planes: AvifPlanes, coding: AvifCoding, alpha: AvifAlpha | undefined): Uint8Array {
  const { width, height, depth, chroma } = planes
  const divisor = alpha?.premultiplied ? alpha.samples : undefined
  // Where it can, libavif leaves the division to libyuv, after the colours have been rounded.
  const later =
    !planes.halfWidth &&
    (isNormal(coding.matrix) || (coding.matrix === 0 && coding.fullRange && depth === 8 && chroma))
  const max = 2 ** depth - 1
  const out = new Uint8Array(width * height * 3)
  const rgb = new Float32Array(3)
  const pixel = pixelReader(planes, coding)
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i++) {
      pixel(x, y, rgb)
      const a = divisor && !later ? f(Math.min(divisor[i]!, max) / max) : 1
      for (let c = 0; c < 3; c++) {
        let value = Math.max(0, Math.min(1, rgb[c]!))
        if (a < 1) value = a === 0 ? 0 : Math.min(1, f(value / a))
        out[i * 3 + c] = Math.trunc(f(0.5 + f(value * 255)))
      }
    }
  }
  if (divisor && later) divide(out, roundAlpha(divisor, depth))
  return out
}

const isNormal = (matrix: number): boolean => matrix !== 0 && matrix !== 8 && matrix !== 16

type PixelReader = (x: number, y: number, rgb: Float32Array) => void

function pixelReader(planes: AvifPlanes, coding: AvifCoding): PixelReader {
  const { width, depth, chroma } = planes
  const unit = 2 ** (depth - 8)
  const max = 2 ** depth - 1
  const table = (bias: number, range: number): Float32Array =>
    Float32Array.from({ length: max + 1 }, (_, value) => (value - bias) / range)
  const lumas = coding.fullRange ? table(0, max) : table(16 * unit, 219 * unit)
  const luma = (x: number, y: number): number => lumas[Math.min(planes.y[y * width + x]!, max)]!
  if (!chroma) return (x, y, rgb) => void rgb.fill(luma(x, y))
  const chromas = coding.matrix === 0 ? lumas : table(128 * unit, coding.fullRange ? max : 224 * unit)
  const sample = chromaReader(planes, chromas)
  const { matrix } = coding
  if (matrix === 0) {
    return (x, y, rgb) => {
      rgb[0] = sample(1, x, y)
      rgb[1] = luma(x, y)
      rgb[2] = sample(0, x, y)
    }
  }
  if (matrix === 8) return (x, y, rgb) => yCgCo(luma(x, y), sample(0, x, y), sample(1, x, y), rgb)
  if (matrix === 16) {
    return (x, y, rgb) =>
      yCgCoRe(
        planes.y[y * width + x]!,
        ...([0, 1].map((c) => Math.round(f(sample(c, x, y) * max))) as [number, number]),
        rgb,
      )
  }
  const { kr, kg, kb } = shares(coding)
  const [fromCr, fromCb] = [f(2 * f(1 - kr)), f(2 * f(1 - kb))]
  const [greenCr, greenCb] = [f(kr * f(1 - kr)), f(kb * f(1 - kb))]
  return (x, y, rgb) => {
    const value = luma(x, y)
    const cb = sample(0, x, y)
    const cr = sample(1, x, y)
    rgb[0] = value + f(fromCr * cr)
    rgb[2] = value + f(fromCb * cb)
    rgb[1] = value - f(f(2 * f(f(greenCr * cr) + f(greenCb * cb))) / kg)
  }
}

function yCgCo(y: number, cg: number, co: number, rgb: Float32Array): void {
  const t = f(y - cg)
  rgb[0] = t + co
  rgb[1] = y + cg
  rgb[2] = t - co
}

/** YCgCo of whole numbers, two bits deeper than RGB, which has 8. */
function yCgCoRe(y: number, cg: number, co: number, rgb: Float32Array): void {
  const clamp = (value: number): number => Math.max(0, Math.min(255, value))
  const t = y - (cg >> 1)
  const blue = clamp(t - (co >> 1))
  rgb[0] = clamp(blue + co) / 255
  rgb[1] = clamp(t + cg) / 255
  rgb[2] = blue / 255
}

/** Chroma at a pixel: 9, 3, 3 and 1 sixteenths of the samples round it. */
function chromaReader(
  planes: AvifPlanes,
  table: Float32Array,
): (plane: number, x: number, y: number) => number {
  const { width, height, chroma, halfWidth, halfHeight } = planes
  const last = table.length - 1
  const at = (plane: number, i: number): number => table[Math.min(chroma![plane]![i]!, last)]!
  if (!halfWidth) return (plane, x, y) => at(plane, y * width + x)
  const stride = (width + 1) >> 1
  const beside = (i: number, size: number): number => {
    if (i === 0 || (i === size - 1 && i % 2 === 1)) return 0
    return i % 2 === 1 ? 1 : -1
  }
  return (plane, x, y) => {
    const near = (halfHeight ? y >> 1 : y) * stride + (x >> 1)
    const across = beside(x, width)
    const down = halfHeight ? beside(y, height) * stride : 0
    const sum = f(f(at(plane, near) * 0.5625) + f(at(plane, near + across) * 0.1875))
    return f(f(sum + f(at(plane, near + down) * 0.1875)) + f(at(plane, near + across + down) * 0.0625))
  }
}

/** avifCalcYUVCoefficients, avifColorPrimariesComputeYCoeffs. */
function shares({ matrix, primaries }: AvifCoding): { kr: number; kg: number; kb: number } {
  let [kr, kb] = (SHARES[matrix] ?? [0.299, 0.114]).map(f) as [number, number]
  if (matrix === 12) {
    const [rx, ry, gx, gy, bx, by, wx, wy] = (CHROMATICITIES[primaries] ?? CHROMATICITIES[1]!).map(f) as [
      number,
      number,
      number,
      number,
      number,
      number,
      number,
      number,
    ]
    const rest = (x: number, y: number): number => f(1 - f(x + y))
    const [rz, gz, bz, wz] = [rest(rx, ry), rest(gx, gy), rest(bx, by), rest(wx, wy)]
    const cross = (a: number, b: number, c: number, d: number): number => f(f(a * b) - f(c * d))
    const dot = (a: number, b: number, c: number, d: number, e: number, g: number): number =>
      f(f(f(a * b) + f(c * d)) + f(e * g))
    const below = f(wy * dot(rx, cross(gy, bz, by, gz), gx, cross(by, rz, ry, bz), bx, cross(ry, gz, gy, rz)))
    kr = f(
      f(ry * dot(wx, cross(gy, bz, by, gz), wy, cross(bx, gz, gx, bz), wz, cross(gx, by, bx, gy))) / below,
    )
    kb = f(
      f(by * dot(wx, cross(ry, gz, gy, rz), wy, cross(gx, rz, rx, gz), wz, cross(rx, gy, gx, ry))) / below,
    )
  }
  return { kr, kg: f(f(1 - kr) - kb), kb }
}
