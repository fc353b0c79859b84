import { ImageError } from '../base/errors.ts'
import { Engine, type EngineOptions } from '../worker/worker-client-web.ts'
import { type DecodeOptions, DEFAULT_MAX_PIXELS, type ImageDecoder, type ImageInput } from './decoder.ts'
import { nameImageError } from './image-errors.ts'
import type { ImageRequest } from './image-handler-web.ts'
import { type OpenedInput, openWebImage } from './image-input-web.ts'
import type { CropSpec, ImageCrop } from './preprocess.ts'
import type { RgbImage } from './raw-image.ts'
import { takeImage } from './take-image.ts'

export interface WebDecoderOptions extends Pick<EngineOptions, 'worker'> {
  /** Where to work; left to its owner. Default: an engine of its own. */
  readonly engine?: Engine | undefined
  /** Of an image fetched by URL. Default 256 MiB. */
  readonly maxDownloadBytes?: number | undefined
  /** For fetching an image by URL, to its last byte. Default 60. */
  readonly timeoutSeconds?: number | undefined
}

/** The decoder of browsers: takes {@link WebImageInput}, and decodes and resizes in the worker. */
export function createWebDecoder(options: WebDecoderOptions = {}): ImageDecoder {
  return new WebDecoder(options)
}

class WebDecoder implements ImageDecoder {
  readonly name = 'wasm'
  readonly #engine: Engine
  readonly #options: WebDecoderOptions

  constructor(options: WebDecoderOptions) {
    this.#options = options
    this.#engine = options.engine ?? new Engine(options)
  }

  async decode(image: ImageInput, options: DecodeOptions = {}): Promise<RgbImage> {
    return (await this.#run(openWebImage(takeImage(image, options.transfer)), undefined, options)) as RgbImage
  }

  async crop(image: ImageInput, { size }: CropSpec, options: DecodeOptions = {}): Promise<ImageCrop> {
    return (await this.#run(openWebImage(takeImage(image, options.transfer)), size, options)) as ImageCrop
  }

  async dispose(): Promise<void> {
    if (!this.#options.engine) await this.#engine.dispose()
  }

  async #run(opened: OpenedInput, size: number | undefined, options: DecodeOptions): Promise<unknown> {
    const { signal, maxPixels = DEFAULT_MAX_PIXELS } = options
    const { maxDownloadBytes = 2 ** 28, timeoutSeconds = 60 } = this.#options
    signal?.throwIfAborted()
    try {
      const { source, transfer } = await opened.read()
      const request: ImageRequest = {
        kind: 'image',
        source,
        size,
        maxPixels,
        maxBytes: maxDownloadBytes,
        timeoutMs: timeoutSeconds * 1000,
      }
      return await this.#engine.ask(request, transfer, signal)
    } catch (error) {
      // A picture that is too large is no smaller when it is drawn.
      if (opened.instead && error instanceof ImageError && error.code !== 'image_too_large')
        return this.#run(opened.instead, size, options)
      throw opened.name === undefined ? error : nameImageError(error, opened.name)
    }
  }
}
