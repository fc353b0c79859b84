import type { CropSpec, ImageCrop } from './preprocess.ts'
import type { RgbImage } from './raw-image.ts'

/**
 * Turns whatever the platform's users call an image into exact pixels. `ImageInput` is open-ended here: which
 * inputs a platform takes say `NodeImageInput` (image-input-node.ts) and `WebImageInput` (image-input-web.ts).
 */
export interface ImageDecoder {
  /** Which decoders are at work, for example `sharp 0.35.5` or `wasm`. */
  readonly name: string
  /** The whole picture, equal to Pillow's `Image.open(…).convert("RGB")`. Throws `ImageError`. */
  decode(image: ImageInput, options?: DecodeOptions): Promise<RgbImage>
  /** Decodes, resizes and crops, off the calling thread where the platform can. Throws `ImageError`. */
  crop(image: ImageInput, spec: CropSpec, options?: DecodeOptions): Promise<ImageCrop>
  /** Ends worker threads. Idempotent. */
  dispose(): Promise<void>
}

/** A path, URL, Buffer, Uint8Array, ArrayBuffer, Blob, File, RawImage or `Jimp` object; browsers take more. */
export type ImageInput = unknown

export interface DecodeOptions {
  /** Refuse images of more pixels than this, before decoding. Default 100 million. */
  readonly maxPixels?: number | undefined
  readonly signal?: AbortSignal | undefined
  /** Bytes and pixels are not copied at the call: they must be left as they are until the answer is there. Default false. */
  readonly transfer?: boolean | undefined
}

export const DEFAULT_MAX_PIXELS = 100_000_000
