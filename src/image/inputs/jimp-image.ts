import type { RawImage } from '../raw-image.ts'

/** What is seen of a `Jimp` object: RGBA, not premultiplied, as jimp holds it. */
export interface JimpImage {
  readonly bitmap: {
    readonly data: Uint8Array | Uint8ClampedArray
    readonly width: number
    readonly height: number
  }
}

/** The pixels of a `Jimp` object, in its own memory and not yet checked; `undefined` where it is something else. */
export function jimpPixels(image: unknown): RawImage | undefined {
  if (typeof image !== 'object' || image === null || !('bitmap' in image)) return undefined
  const { bitmap } = image
  if (typeof bitmap !== 'object' || bitmap === null) return undefined
  const { data, width, height } = bitmap as JimpImage['bitmap']
  return { data, width, height, channels: 4 }
}
