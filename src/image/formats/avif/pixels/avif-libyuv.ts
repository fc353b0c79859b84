import type { AvifCoding } from '../container/avif-properties.ts'
import { type AvifPlanes, half, type Plane } from './avif-planes.ts'
import { upsample } from './avif-upsample.ts'

/** libyuv's constants: scale and bias of Y, then B from U, G from U and V, R from V; 6 fractional bits (row_common.cc). */
export interface LibyuvConstants {
  readonly y: readonly [scale: number, bias: number]
  readonly ub: number
  readonly ug: number
  readonly vg: number
  readonly vr: number
}

interface Ranges {
  readonly full: LibyuvConstants
  readonly limited: LibyuvConstants
}

const FULL = [16320, 32] as const
const LIMITED = [18997, -1160] as const
const BT601: Ranges = {
  full: { y: FULL, ub: 113, ug: 22, vg: 46, vr: 90 },
  limited: { y: LIMITED, ub: 128, ug: 25, vg: 52, vr: 102 },
}
const BT709: Ranges = {
  full: { y: FULL, ub: 119, ug: 12, vg: 30, vr: 101 },
  limited: { y: LIMITED, ub: 128, ug: 14, vg: 34, vr: 115 },
}
const BT2020: Ranges = {
  full: { y: FULL, ub: 120, ug: 11, vg: 37, vr: 94 },
  limited: { y: [19003, -1160], ub: 128, ug: 12, vg: 42, vr: 107 },
}

const MATRICES: Readonly<Record<number, Ranges>> = { 1: BT709, 2: BT601, 5: BT601, 6: BT601, 9: BT2020 }
/** Matrix 12 follows from the primaries. */
const PRIMARIES: Readonly<Record<number, Ranges>> = { 1: BT709, 2: BT709, 5: BT601, 6: BT601, 9: BT2020 }

/** `undefined` where libavif does not use libyuv (getLibYUVConstants in its reformat_libyuv.c). */
export function libyuvConstants(
  { matrix, primaries, fullRange }: AvifCoding,
  gray: boolean,
): LibyuvConstants | undefined {
  const table = matrix === 12 ? PRIMARIES[primaries] : MATRICES[gray && matrix === 0 ? 6 : matrix]
  return fullRange ? table?.full : table?.limited
}

/**
 * libyuv's conversion to 8-bit RGB. Without alpha, deeper samples are cut to 8 bits at once. With alpha, chroma of 10 bits is
 * interpolated before it is cut, and 4:2:0 of 12 bits is not interpolated at all, since libyuv has no other function for it.
 */
export function libyuvToRgb(planes: AvifPlanes, constants: LibyuvConstants, hasAlpha: boolean): Uint8Array {
  const { width, height, depth, chroma, halfWidth, halfHeight } = planes
  const cut = (plane: Plane): Plane =>
    depth > 8 ? Uint8Array.from(plane, (value) => value >> (depth - 8)) : plane
  const deep = hasAlpha && chroma !== undefined && (depth === 10 || (depth === 12 && halfHeight))
  const nearest = deep && depth === 12
  // Y as a fraction of 16 bits.
  const luma = deep ? planes.y : cut(planes.y)
  const lumaDepth = deep ? depth : 8
  const widen = (own: Plane): Plane => {
    if (nearest) return repeat(own, width, height)
    return halfWidth ? upsample(own, width, height, halfHeight) : own
  }
  const up = (plane: Plane): Plane => {
    const whole = widen(deep ? plane : cut(plane))
    return deep ? whole.map((value) => value >> (depth - 8)) : whole
  }
  const u = chroma && up(chroma[0])
  const v = chroma && up(chroma[1])
  const [scale, bias] = constants.y
  const { ub, ug, vg, vr } = constants
  const [left, right] = [16 - lumaDepth, 2 * lumaDepth - 16]
  // Clamps.
  const out = new Uint8ClampedArray(width * height * 3)
  for (let i = 0, q = 0; i < luma.length; i++, q += 3) {
    const y = luma[i]!
    const base = ((((y << left) | (y >> right)) * scale) >>> 16) + bias
    const cb = u ? u[i]! - 128 : 0
    const cr = v ? v[i]! - 128 : 0
    out[q] = (base + cr * vr) >> 6
    out[q + 1] = (base - (cb * ug + cr * vg)) >> 6
    out[q + 2] = (base + cb * ub) >> 6
  }
  return new Uint8Array(out.buffer)
}

function repeat(plane: Plane, width: number, height: number): Plane {
  const stride = half(width, true)
  const out = new Uint16Array(width * height)
  for (let y = 0, i = 0; y < height; y++)
    for (let x = 0; x < width; x++) out[i++] = plane[(y >> 1) * stride + (x >> 1)]!
  return out
}
