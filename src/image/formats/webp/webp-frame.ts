import type { RawImage } from '../../raw-image.ts'
import { readWebpContainer } from './webp-container.ts'

/** The picture of a WebP file, of an animation the first frame, as a file of its own, and where it lies on the canvas. */
interface WebpFrame {
  readonly still: Uint8Array
  readonly left: number
  readonly top: number
  readonly canvasWidth: number
  readonly canvasHeight: number
}

/** Decodes a WebP file; `still` decodes its picture. Throws `ImageError`. */
export async function decodeWebp(
  bytes: Uint8Array,
  still: (bytes: Uint8Array) => Promise<RawImage>,
): Promise<RawImage> {
  const frame = firstWebpFrame(bytes)
  return placeWebpFrame(frame, await still(frame.still))
}

/**
 * Takes the picture out of its container, so that no codec judges that one by rules of its own.
 * Throws `ImageError` `image_truncated`, `image_unreadable`.
 */
function firstWebpFrame(bytes: Uint8Array): WebpFrame {
  const { first, canvasWidth, canvasHeight } = readWebpContainer(bytes)
  const { start, end, hasAlpha, width, height, left, top } = first
  const still = wrap(bytes.subarray(start, end), hasAlpha, width - 1, height - 1)
  return { still, left, top, canvasWidth, canvasHeight }
}

/** Lays a frame on its canvas, which is transparent black: Pillow takes no notice of the background colour. */
function placeWebpFrame(frame: WebpFrame, image: RawImage): RawImage {
  const { left, top, canvasWidth: width, canvasHeight: height } = frame
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
function wrap(chunks: Uint8Array, withAlpha: boolean, widthLess1: number, heightLess1: number): Uint8Array {
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
