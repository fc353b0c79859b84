import type { AvifCoding, AvifColour } from './avif-boxes.ts'
import { type AvifMatrix, eachPixel, levels, recoverSamples } from './avif-samples.ts'

/*
 * Pillow's libavif turns YCbCr into RGB with libyuv: 8-bit samples, bilinear chroma rounded to 8 bits, colours in fixed point
 * with 6 bits. The WebAssembly build does it in floating point, up to 3 levels away (and 40 in the last column of odd widths).
 * It does not hand out YCbCr, but its 16-bit RGB is precise enough to compute the samples back; from these libyuv's arithmetic
 * (ScaleRowUp2_Bilinear and YuvPixel, convert_argb.cc, row_common.cc) is done over again.
 */

/** libyuv's constants: scale and bias of Y, then B from U, G from U and V, R from V; 6 fractional bits. */
interface Constants {
  readonly y: readonly [scale: number, bias: number]
  readonly ub: number
  readonly ug: number
  readonly vg: number
  readonly vr: number
}

interface Matrix extends AvifMatrix {
  readonly full: Constants
  readonly limited: Constants
}

const FULL = [16320, 32] as const
const LIMITED = [18997, -1160] as const
const BT601: Matrix = {
  kr: 0.299,
  kb: 0.114,
  full: { y: FULL, ub: 113, ug: 22, vg: 46, vr: 90 },
  limited: { y: LIMITED, ub: 128, ug: 25, vg: 52, vr: 102 },
}
const BT709: Matrix = {
  kr: 0.2126,
  kb: 0.0722,
  full: { y: FULL, ub: 119, ug: 12, vg: 30, vr: 101 },
  limited: { y: LIMITED, ub: 128, ug: 14, vg: 34, vr: 115 },
}
const BT2020: Matrix = {
  kr: 0.2627,
  kb: 0.0593,
  full: { y: FULL, ub: 120, ug: 11, vg: 37, vr: 94 },
  limited: { y: [19003, -1160], ub: 128, ug: 12, vg: 42, vr: 107 },
}
const MATRICES: Readonly<Record<number, Matrix>> = { 1: BT709, 2: BT601, 5: BT601, 6: BT601, 9: BT2020 }

/** RGB bytes as Pillow has them, out of 16-bit RGBA of libavif's own conversion. */
export function avifToRgb(rgba: Uint16Array, width: number, height: number, colour: AvifColour): Uint8Array {
  const out = new Uint8Array(width * height * 3)
  for (let i = 0, p = 0; i < out.length; p += 4)
    for (let c = 0; c < 3; c++) out[i++] = Math.round(rgba[p + c]! / 257)
  if (colour.monochrome) return out
  const coding = colour.coding ?? findCoding(rgba, colour)
  const matrix = coding && MATRICES[coding.matrix]
  if (!matrix) return out
  const { fullRange } = coding
  const samples = recoverSamples(rgba, width, height, colour, matrix, fullRange)
  const shift = colour.depth - 8
  const y8 = samples.y.map((value) => (value < 0 ? value : value >> shift))
  const [u8, v8] = [samples.u, samples.v].map((plane) =>
    upsample(
      plane.map((value) => (value < 0 ? value : value >> shift)),
      width,
      height,
      colour,
    ),
  )
  const {
    y: [scale, bias],
    ub,
    ug,
    vg,
    vr,
  } = fullRange ? matrix.full : matrix.limited
  for (let i = 0, q = 0; i < y8.length; i++, q += 3) {
    const luma = y8[i]!
    if (luma < 0 || u8![i]! < 0 || v8![i]! < 0) continue
    const base = ((luma * 257 * scale) >>> 16) + bias
    const u = u8![i]! - 128
    const v = v8![i]! - 128
    out[q] = clamp((base + v * vr) >> 6)
    out[q + 1] = clamp((base - u * ug - v * vg) >> 6)
    out[q + 2] = clamp((base + u * ub) >> 6)
  }
  return out
}

/**
 * The coding under which luma comes out as whole numbers, which only the right one does. Gray pictures fit several; these
 * agree on gray. `undefined` where none fits.
 */
function findCoding(rgba: Uint16Array, { depth }: AvifColour): AvifCoding | undefined {
  const step = 4 * Math.max(1, Math.floor(rgba.length / 4 / 5000))
  let best: AvifCoding | undefined
  let least = 0.1
  for (const matrix of [6, 1, 9]) {
    const { kr, kb } = MATRICES[matrix]!
    for (const fullRange of [true, false]) {
      const { yScale, yBias } = levels(depth, fullRange)
      let sum = 0
      let count = 0
      for (let p = 0; p < rgba.length; p += step) {
        const [r, g, b] = [rgba[p]!, rgba[p + 1]!, rgba[p + 2]!]
        if (Math.min(r, g, b) === 0 || Math.max(r, g, b) === 65535) continue
        const luma = ((kr * r + (1 - kr - kb) * g + kb * b) / 65535) * yScale + yBias
        sum += Math.abs(luma - Math.round(luma))
        count++
      }
      if (count > 0 && sum / count < least) {
        least = sum / count
        best = { matrix, fullRange }
      }
    }
  }
  return best
}

const clamp = (value: number): number => (value < 0 ? 0 : value > 255 ? 255 : value)

/** libyuv's bilinear chroma, rounded; -1 where a sample is unknown. */
function upsample(plane: Int32Array, width: number, height: number, colour: AvifColour): Int32Array {
  const out = new Int32Array(width * height)
  eachPixel(width, height, colour, true, (i, a, b, c, d, across, down) => {
    const [va, vb, vc, vd] = [plane[a]!, plane[b]!, plane[c]!, plane[d]!]
    out[i] =
      Math.min(va, vb, vc, vd) < 0
        ? -1
        : (va * across * down +
            vb * (4 - across) * down +
            (vc * across + vd * (4 - across)) * (4 - down) +
            8) >>
          4
  })
  return out
}
