import { IcthpError } from '../base/errors.ts'
import { checkSize } from './check-size.ts'
import type { ImageCodecs } from './codecs/image-codecs.ts'
import { DEFAULT_MAX_PIXELS } from './decoder.ts'
import { unreadable } from './image-errors.ts'
import type { RawImage, RgbImage } from './raw-image.ts'
import { sniffImage } from './sniff.ts'

/**
 * Decodes a file of any format known to exact pixels: those of Pillow's `Image.open(…).convert("RGB")`, but that a gray
 * picture may come as gray and that alpha may come along. Size is read from the header and checked against `maxPixels` before
 * anything is decoded. Throws `ImageError`.
 */
export async function decodeImage(
  bytes: Uint8Array,
  codecs: ImageCodecs,
  maxPixels: number = DEFAULT_MAX_PIXELS,
): Promise<RawImage> {
  const { format, width, height } = sniffImage(bytes)
  checkSize(width, height, maxPixels)
  let image: RawImage
  try {
    image = await format.decode(bytes, codecs)
  } catch (cause) {
    if (cause instanceof IcthpError) throw cause
    throw unreadable(format.name, cause instanceof Error ? cause.message : String(cause), cause)
  }
  if (image.width !== width || image.height !== height) {
    throw unreadable(
      format.name,
      `its header says ${width}×${height} pixels, its data has ${image.width}×${image.height}`,
    )
  }
  return image
}

/** Drops alpha and repeats gray. */
export function toRgb(image: RawImage): RgbImage {
  const { data, width, height, channels } = image
  if (channels === 3) {
    return {
      data: data instanceof Uint8Array ? data : new Uint8Array(data.buffer, data.byteOffset, data.length),
      width,
      height,
      channels,
    }
  }
  const out = new Uint8Array(width * height * 3)
  const green = channels === 4 ? 1 : 0
  const blue = channels === 4 ? 2 : 0
  for (let p = 0, q = 0; q < out.length; p += channels, q += 3) {
    out[q] = data[p]!
    out[q + 1] = data[p + green]!
    out[q + 2] = data[p + blue]!
  }
  return { data: out, width, height, channels: 3 }
}
