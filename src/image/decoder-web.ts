import { checkObject } from '../base/check-object.ts'
import { ImageError } from '../base/errors.ts'
import { abortable } from '../base/waiting/abortable.ts'
import { Gate } from '../base/waiting/gate.ts'
import { onAbort } from '../base/waiting/on-abort.ts'
import { WorkerClient, type WorkerClientOptions } from '../worker/worker-client-web.ts'
import { type DecodeOptions, DEFAULT_MAX_PIXELS, type ImageDecoder } from './decoder.ts'
import { nameImageError } from './image-errors.ts'
import type { ImageRequest } from './image-handler-web.ts'
import { type FetchLimits, fetchLimits } from './inputs/fetch-limits.ts'
import { type OpenedInput, openWebImage, type WebImageInput } from './inputs/image-input-web.ts'
import { takeImage } from './inputs/take-image.ts'
import type { CropSpec, ImageCrop } from './preprocess.ts'
import type { RgbImage } from './raw-image.ts'

export interface WebDecoderOptions extends Pick<WorkerClientOptions, 'worker'>, FetchLimits {}

/**
 * The decoder of browsers: takes {@link WebImageInput}, and decodes and resizes in a worker. One that is still at an image
 * half a second after that was aborted is ended, and the next image starts another.
 */
export function createWebDecoder(options: WebDecoderOptions = {}): ImageDecoder<WebImageInput> {
  checkObject(options, 'createWebDecoder')
  return new WebDecoder(options)
}

/** Bytes of files that are read ahead of the worker. */
const HELD_BYTES = 256 << 20
/** Milliseconds that the worker has to end what nobody waits for any more. */
const GRACE = 500

class WebDecoder implements ImageDecoder<WebImageInput> {
  readonly name = 'wasm'
  readonly #reading = new Gate(HELD_BYTES)
  /** One image at a time, so that with its worker no other is lost. */
  readonly #working = new Gate(1)
  readonly #client: WorkerClient
  readonly #limits: ReturnType<typeof fetchLimits>

  constructor(options: WebDecoderOptions) {
    this.#limits = fetchLimits(options)
    this.#client = new WorkerClient(options)
  }

  async decode(image: WebImageInput, options: DecodeOptions = {}): Promise<RgbImage> {
    return (await this.#run(openWebImage(takeImage(image, options.transfer)), undefined, options)) as RgbImage
  }

  async crop(image: WebImageInput, { size }: CropSpec, options: DecodeOptions = {}): Promise<ImageCrop> {
    return (await this.#run(openWebImage(takeImage(image, options.transfer)), size, options)) as ImageCrop
  }

  async dispose(): Promise<void> {
    await this.#client.dispose()
  }

  async #run(opened: OpenedInput, size: number | undefined, options: DecodeOptions): Promise<unknown> {
    const { signal, maxPixels = DEFAULT_MAX_PIXELS } = options
    const leave = await this.#reading.enter(opened.reads, signal)
    try {
      const { source, transfer } = await opened.read({ signal, ...this.#limits })
      return await this.#ask({ kind: 'image', source, size, maxPixels }, transfer, signal)
    } catch (error) {
      leave()
      // A picture that is too large is no smaller when it is drawn.
      if (opened.instead && error instanceof ImageError && error.code !== 'image_too_large')
        return this.#run(opened.instead, size, options)
      throw opened.name === undefined ? error : nameImageError(error, opened.name)
    } finally {
      leave()
    }
  }

  async #ask(
    request: ImageRequest,
    transfer: readonly Transferable[],
    signal: AbortSignal | undefined,
  ): Promise<unknown> {
    const leave = await this.#working.enter(1, signal)
    const answer = this.#client.ask(request, transfer)
    let timer: ReturnType<typeof setTimeout> | undefined
    const forget = onAbort(signal, () => {
      // A worker that is nearly done is worth keeping; one at a picture without end is not.
      timer = setTimeout(() => this.#client.endWorker(), GRACE)
    })
    const end = (): void => {
      forget()
      clearTimeout(timer)
      leave()
    }
    answer.then(end, end)
    return abortable(answer, signal)
  }
}
