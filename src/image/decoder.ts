import type { ImageInput } from './inputs/image-input.ts'
import type { CropSpec, ImageCrop } from './preprocess.ts'
import type { RgbImage } from './raw-image.ts'

/** Turns what the platform's users call an image into exact pixels: `Input` is what it takes. */
export interface ImageDecoder<Input = ImageInput> {
  /** Which decoders are at work, for example `sharp 0.35.5` or `wasm`. */
  readonly name: string
  /** The whole picture, equal to Pillow's `Image.open(…).convert("RGB")`. Throws `ImageError`. */
  decode(image: Input, options?: DecodeOptions): Promise<RgbImage>
  /** Decodes, resizes and crops, off the calling thread where the platform can. Throws `ImageError`. */
  crop(image: Input, spec: CropSpec, options?: DecodeOptions): Promise<ImageCrop>
  /** Nobody reads this crop any more: its memory may go before the garbage collector finds out. Default: it is left to it. */
  forget?(crop: ImageCrop): void
  /** Ends worker threads. Idempotent. */
  dispose(): Promise<void>
}

export interface DecodeOptions {
  /** Refuse images of more pixels than this, before decoding. Default 100 million. */
  readonly maxPixels?: number | undefined
  readonly signal?: AbortSignal | undefined
  /** Bytes and pixels are not copied at the call: they must be left as they are until the answer is there. Default false. */
  readonly transfer?: boolean | undefined
}

export const DEFAULT_MAX_PIXELS = 100_000_000
