import type { AvifPlanes, Plane } from './avif-planes.ts'

export interface AvifAlpha {
  readonly samples: Plane
  /** Whether colours are to be divided by it. */
  readonly premultiplied: boolean
}

/** Alpha in 8 bits: libyuv cuts bits off where it has a function with alpha, libavif rounds where it has not. */
export function libyuvAlpha({ depth, chroma, halfHeight }: AvifPlanes, samples: Plane): Plane {
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
      rgb[p] = value >= 0x8000 ? 0 : Math.min(value, 255)
    }
  }
}
