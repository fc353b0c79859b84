import type { ImageCodecs } from '../codecs/image-codecs.ts'
import type { RawImage } from '../raw-image.ts'
import type { ByteReader } from './byte-reader.ts'

/** All that is known of a kind of image file. */
export interface ImageFormat {
  /** As people write it, for example `WebP`. */
  readonly name: string
  /** The signature: whether a file is of this kind, by its first kilobyte, one character a byte. */
  readonly is: (head: string) => boolean
  /** What the header says, read without decoding a pixel. Throws what `reader` throws, `image_truncated`, `image_unreadable`. */
  readonly size: (reader: ByteReader) => ImageSize
  /** Pixels that equal Pillow's, but that gray may come as gray and alpha along. May throw anything where the data is damaged. */
  readonly decode: (bytes: Uint8Array, codecs: ImageCodecs) => RawImage | Promise<RawImage>
}

/** In pixels. */
export interface ImageSize {
  readonly width: number
  readonly height: number
}
