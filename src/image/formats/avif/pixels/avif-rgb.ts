import { damaged } from '../container/avif-boxes.ts'
import type { AvifCoding } from '../container/avif-properties.ts'
import { type AvifAlpha, divide, libyuvAlpha } from './avif-alpha.ts'
import { floatToRgb } from './avif-float.ts'
import { libyuvConstants, libyuvToRgb } from './avif-libyuv.ts'
import type { AvifPlanes } from './avif-planes.ts'

/*
 * Pillow lets libavif 1.4 turn samples into bytes of RGB, RGBA where there is alpha, or gray. libavif leaves most to libyuv
 * (whole numbers, avif-libyuv.ts) and does the rest itself (floats, avif-float.ts). Which of its ways is taken, and so the last
 * bit of the colours, follows from the matrix, the depth, the chroma and whether there is alpha.
 */

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
