import type { RawImage } from '../raw-image.ts'

/**
 * Undoes zlib compression. Returns the first `size` bytes, or fewer where `data` ends before; never more, so that a
 * bomb does not unfold. Throws any error where `data` is damaged. `onDoubt` is called where all bytes are there, but not the end.
 */
export type Inflate = (
  data: Uint8Array,
  size: number,
  onDoubt?: () => void,
) => Uint8Array | Promise<Uint8Array>

/**
 * The codecs that icthp does not bring itself (it does bring PNG, GIF, BMP and TIFF, and JPEG where these are not exact). Each
 * takes a whole file whose header has been read and whose size has been checked, and gives pixels equal to Pillow's; alpha may
 * come along. Throws `ImageError` (`image_truncated`, `image_unreadable`, `image_unsupported`).
 */
export interface ImageCodecs {
  /** For example `sharp 0.35.5`. */
  readonly name: string
  readonly inflate: Inflate
  /** CMYK and YCCK are turned into RGB as Pillow does it. */
  jpeg(bytes: Uint8Array): Promise<RawImage>
  /** A still picture; animations are taken apart before. */
  webp(bytes: Uint8Array): Promise<RawImage>
  avif(bytes: Uint8Array): Promise<RawImage>
}
