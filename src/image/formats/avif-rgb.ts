import { damaged } from './avif-boxes.ts'
import { floatToRgb } from './avif-float.ts'
import { libyuvConstants, libyuvToRgb } from './avif-libyuv.ts'
import type { AvifPlanes, Plane } from './avif-planes.ts'
import type { AvifCoding } from './avif-properties.ts'

/*
 * Pillow lets libavif 1.4 turn samples into bytes of RGB, RGBA where there is alpha, or gray. libavif leaves most to libyuv
 * (whole numbers, avif-libyuv.ts) and does the rest itself (floats, avif-float.ts). Which of its ways is taken, and so the last
 * bit of the colours, follows from the matrix, the depth, the chroma and whether there is alpha.
 */

export interface AvifAlpha {
  readonly samples: Plane
  /** Whether colours are to be divided by it. */
  readonly premultiplied: boolean
}

/**
 * RGB bytes as Pillow has them (avifImageYUVToRGB in reformat.c).
 * Throws `image_unreadable` for matrices that libavif does not convert.
 */
export function avifToRgb(planes: AvifPlanes, coding: AvifCoding, alpha: AvifAlpha | undefined): Uint8Array {
  checkMatrix(planes, coding)
  const gray = !planes.chroma
  const constants = gray && !alpha ? undefined : libyuvConstants(coding, gray)
  if (!constants) return floatToRgb(planes, coding, alpha)
  const rgb = libyuvToRgb(planes, constants, alpha !== undefined)
  if (alpha?.premultiplied) divide(rgb, libyuvAlpha(planes, alpha.samples))
  return rgb
}

/** avifGetYUVColorSpaceInfo, avifPrepareReformatState. */
function checkMatrix(planes: AvifPlanes, { matrix, fullRange }: AvifCoding): void {
  const convertible =
    MATRICES.has(matrix) &&
    (fullRange || !YCGCO.has(matrix)) &&
    (matrix !== 0 || !(planes.halfWidth || planes.halfHeight)) &&
    (matrix !== 16 || planes.depth === 10) &&
    matrix !== 17
  if (!convertible) throw damaged(`its colours (matrix ${matrix}) cannot be converted`)
}

const MATRICES: ReadonlySet<number> = new Set([0, 1, 2, 4, 5, 6, 7, 8, 9, 12, 15, 16])
const YCGCO: ReadonlySet<number> = new Set([8, 16, 17])

/** Alpha in 8 bits: libyuv cuts bits off where it has a function with alpha, libavif rounds where it has not. */
function libyuvAlpha({ depth, chroma, halfHeight }: AvifPlanes, samples: Plane): Plane {
  if (depth === 8) return samples
  const cuts = chroma && !(depth === 12 && halfHeight)
  return cuts ? samples.map((value) => value >> (depth - 8)) : roundAlpha(samples, depth)
}

/** avifReformatAlpha. */
export function roundAlpha(samples: Plane, depth: number): Plane {
  if (depth === 8) return samples
  const max = 2 ** depth - 1
  return samples.map((value) => Math.trunc(Math.fround(0.5 + Math.fround(Math.fround(value / max) * 255))))
}

/** 1 / alpha in 16 bits; that of the opaque leaves colours as they are. */
const INVERSES = Uint16Array.from({ length: 256 }, (_, a) => Math.min(65535, Math.floor(65536 / a)))
INVERSES[0] = 0
INVERSES[255] = 256

/**
 * Divides colours by alpha, in place: ARGBUnattenuateRow of libyuv, as its x86 code has it. The last step there takes 16-bit
 * numbers for signed ones, so that colours far brighter than their alpha become black.
 */
export function divide(rgb: Uint8Array, alpha: Plane): void {
  for (let i = 0, p = 0; p < rgb.length; i++) {
    const a = alpha[i]!
    const inverse = INVERSES[a]!
    for (let c = 0; c < 3; c++, p++) {
      const value = Math.floor((rgb[p]! * 257 * inverse) / 65536)
      rgb[p] = value >= 0x8000 ? 0 : value > 255 ? 255 : value
    }
  }
}
