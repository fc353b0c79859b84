import type { Answer } from '../worker/worker-messages-web.ts'
import { checkSize } from './check-size.ts'
import type { ImageCodecs } from './codecs/image-codecs.ts'
import { createWasmCodecs } from './codecs/wasm-codecs.ts'
import { loadWasmWeb } from './codecs/wasm-files-web.ts'
import { decodeImage, toRgb } from './decode-image.ts'
import { inflateStream } from './formats/inflate/inflate-stream.ts'
import { cropImage } from './preprocess.ts'
import type { RawImage } from './raw-image.ts'

/** A picture as it goes to the worker: a file's bytes, pixels, or what the browser has decoded. */
export type ImageSource =
  { readonly bytes: Uint8Array } | { readonly raw: RawImage } | { readonly bitmap: ImageBitmap }

/** Asks for the crop of `size`, or the whole picture where there is no size. */
export interface ImageRequest {
  readonly kind: 'image'
  readonly source: ImageSource
  readonly size: number | undefined
  readonly maxPixels: number
}

/** Decodes and resizes, with the same code as Node, and so to the same bytes. */
export class ImageHandler {
  readonly #codecs: ImageCodecs = createWasmCodecs(loadWasmWeb, inflateStream)

  async perform(request: ImageRequest): Promise<Answer> {
    const image = await this.#read(request)
    const { size } = request
    const result = size === undefined ? toRgb(image) : cropImage(image, { size })
    const { buffer, byteLength } = result.data
    return { ok: result, transfer: buffer.byteLength === byteLength ? [buffer as ArrayBuffer] : [] }
  }

  async #read({ source, maxPixels }: ImageRequest): Promise<RawImage> {
    if ('raw' in source) return source.raw
    if ('bitmap' in source) return readBitmap(source.bitmap, maxPixels)
    return decodeImage(source.bytes, this.#codecs, maxPixels)
  }
}

/** By way of a canvas, which multiplies colours by alpha and back. */
function readBitmap(bitmap: ImageBitmap, maxPixels: number): RawImage {
  try {
    const { width, height } = bitmap
    checkSize(width, height, maxPixels)
    const context = new OffscreenCanvas(width, height).getContext('2d', {
      willReadFrequently: true,
      colorSpace: 'srgb',
    })!
    context.drawImage(bitmap, 0, 0)
    return { data: context.getImageData(0, 0, width, height).data, width, height, channels: 4 }
  } finally {
    bitmap.close()
  }
}
