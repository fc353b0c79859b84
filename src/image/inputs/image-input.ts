import type { RawImage } from '../raw-image.ts'
import type { JimpImage } from './jimp-image.ts'

/**
 * What every platform's users may call an image. A string is a path in Node and a URL in browsers; bytes are those of an image
 * file. Browsers take more: `WebImageInput` of `icthp/web`.
 */
export type ImageInput = string | URL | ArrayBufferLike | ArrayBufferView | Blob | Pixels | JimpImage

/** A {@link RawImage}; that its channels are 1 to 4 is seen when it is read. */
interface Pixels extends Omit<RawImage, 'channels'> {
  readonly channels: number
}
