import { truncated, unreadable } from '../image-errors.ts'
import type { RawImage } from '../raw-image.ts'
import { ByteReader } from './byte-reader.ts'

/** The first frame of an animated WebP as a WebP file of its own, and where it lies on the canvas. */
export interface WebpFrame {
  readonly still: Uint8Array
  readonly left: number
  readonly top: number
  readonly canvasWidth: number
  readonly canvasHeight: number
}

/**
 * `undefined` where the file is a still picture. Throws `ImageError` `image_truncated` where the file is shorter than its
 * header says, `image_unreadable` where there is no frame. Chunks as in the WebP container specification.
 */
export function firstWebpFrame(bytes: Uint8Array): WebpFrame | undefined {
  const reader = new ByteReader(bytes, () => truncated('WebP', 'it ends within its first picture'))
  const end = reader.u32(4, true) + 8
  if (end > bytes.length) throw truncated('WebP', `it has ${bytes.length} of ${end} bytes`)
  if (reader.text(12, 4) !== 'VP8X' || !(reader.u8(20) & 2)) return undefined
  const u24 = (at: number): number => reader.u16(at, true) + reader.u8(at + 2) * 65536
  for (let at = 12; at + 8 <= end;) {
    const size = reader.u32(at + 4, true)
    if (reader.text(at, 4) === 'ANMF') {
      return {
        still: wrap(reader.slice(at + 24, size - 16), u24(at + 14), u24(at + 17)),
        left: u24(at + 8) * 2,
        top: u24(at + 11) * 2,
        canvasWidth: u24(24) + 1,
        canvasHeight: u24(27) + 1,
      }
    }
    at += 8 + size + (size & 1)
  }
  throw unreadable('WebP', 'there is no frame in it')
}

/**
 * Lays a frame on its canvas, which is transparent black: Pillow takes no notice of the background colour. Throws `ImageError`
 * `image_unreadable` where it reaches over the canvas, which libwebp does not let pass either.
 */
export function placeWebpFrame(frame: WebpFrame, image: RawImage): RawImage {
  const { left, top, canvasWidth: width, canvasHeight: height } = frame
  if (left + image.width > width || top + image.height > height) {
    throw unreadable('WebP', `its first frame reaches over its ${width}×${height} pixels`)
  }
  if (image.width === width && image.height === height) return image
  const { channels } = image
  const data = new Uint8Array(width * height * channels)
  for (let y = 0; y < image.height; y++) {
    const row = y * image.width * channels
    data.set(image.data.subarray(row, row + image.width * channels), ((top + y) * width + left) * channels)
  }
  return { data, width, height, channels }
}

/** Puts a RIFF header, and a VP8X one where there is a separate alpha plane, round a frame's chunks. */
function wrap(chunks: Uint8Array, widthLess1: number, heightLess1: number): Uint8Array {
  const withAlpha = String.fromCharCode(...chunks.subarray(0, 4)) === 'ALPH'
  const head = withAlpha ? 30 : 12
  const out = new Uint8Array(head + chunks.length)
  const view = new DataView(out.buffer)
  const put = (at: number, text: string): void =>
    out.set(
      Uint8Array.from(text, (char) => char.charCodeAt(0)),
      at,
    )
  put(0, 'RIFF')
  view.setUint32(4, out.length - 8, true)
  put(8, 'WEBP')
  if (withAlpha) {
    put(12, 'VP8X')
    view.setUint32(16, 10, true)
    out[20] = 0x10
    view.setUint32(24, widthLess1, true)
    view.setUint16(27, heightLess1 & 0xffff, true)
    out[29] = heightLess1 >> 16
  }
  out.set(chunks, head)
  return out
}
