import { IcthpError, InputError, show } from '../base/errors.ts'
import { onAbort } from '../base/on-abort.ts'
import type { ImageInput } from '../image/decoder.ts'
import type { ImageCrop } from '../image/preprocess.ts'
import { takeImage } from '../image/take-image.ts'
import { checkOptions } from './check-options.ts'
import type { StreamOptions } from './scorer-options.ts'
import type { EncodedImage, VisionEncoder } from './vision-encoder.ts'

export type Images = Iterable<ImageInput> | AsyncIterable<ImageInput>

export interface StreamedImage {
  readonly index: number
  /** Of the picture before resizing. */
  readonly width: number
  readonly height: number
  /** One answer an encoder, in their order. */
  readonly encoded: readonly EncodedImage[]
}

/**
 * Encodes images as they come, in their order: each is decoded and cropped once for all encoders, ahead of the towers
 * and beside them, but never more than a few batches ahead, so that memory stays bounded on an endless source.
 *
 * A list is cut into full batches. From an async source whatever is ready goes in the next batch, so that a slow
 * generator's image is scored as soon as it is there.
 */
export async function* encodeStream(
  encoders: readonly VisionEncoder[],
  images: Images,
  options: StreamOptions = {},
): AsyncGenerator<StreamedImage> {
  checkOptions(options, 'a scorer')
  const { signal, onProgress, onImageError } = options
  checkIterable(images)
  const batchSize = Math.min(...encoders.map((encoder) => encoder.parts.batchSize))
  const total = Array.isArray(images) ? images.length : undefined
  const stop = new AbortController()
  // Not AbortSignal.any: on Node 20 its signal can be collected, and the abort is lost.
  if (signal?.aborted) stop.abort(signal.reason)
  const forget = onAbort(signal, () => stop.abort(signal!.reason))
  const queue = new CropQueue(encoders, images, stop.signal, batchSize)
  let done = 0
  const ready = (count: number): void =>
    onProgress?.({
      stage: 'encode',
      item: 'images',
      loaded: (done += count),
      unit: 'images',
      ...(total === undefined ? {} : { total }),
    })
  try {
    for (;;) {
      signal?.throwIfAborted()
      const batch = await queue.take(batchSize)
      if (batch.length === 0) return
      const whole = batch.filter((entry): entry is Cropped => !('error' in entry))
      for (const entry of batch) {
        if (!('error' in entry)) continue
        if (!onImageError || signal?.aborted) throw entry.error
        onImageError(entry.error, entry.index)
      }
      ready(batch.length - whole.length)
      if (whole.length === 0) continue
      const answers: EncodedImage[][] = []
      // One tower after the other: each uses the whole device.
      for (const [e, encoder] of encoders.entries()) {
        const crops = whole.map((entry) => entry.crops[e]!)
        answers.push(await encoder.encode(crops, signal))
      }
      ready(whole.length)
      for (const [i, { index, crops }] of whole.entries()) {
        const { width, height } = crops[0]!
        yield { index, width, height, encoded: answers.map((answer) => answer[i]!) }
      }
    }
  } finally {
    forget()
    stop.abort(new Error('nobody reads the stream any more'))
    await queue.close()
  }
}

interface Cropped {
  readonly index: number
  readonly crops: readonly ImageCrop[]
}
interface Failed {
  readonly index: number
  readonly error: Error
}

/** Pulls images from the source and crops several at once, in order, up to three batches ahead. */
class CropQueue {
  #entries: { readonly settled: Promise<Cropped | Failed>; ready: boolean }[] = []
  #wake: () => void = () => {}
  #ended = false
  #failure: { readonly error: unknown } | undefined
  /** A controller each, since a signal with a listener for every image in flight makes Node warn of a leak. */
  readonly #cropping = new Set<AbortController>()
  readonly #iterator: Iterator<ImageInput> | AsyncIterator<ImageInput>
  readonly #greedy: boolean

  constructor(
    private readonly encoders: readonly VisionEncoder[],
    images: Images,
    private readonly signal: AbortSignal,
    batchSize: number,
  ) {
    this.#greedy = Symbol.asyncIterator in images
    this.#iterator =
      Symbol.asyncIterator in images ? images[Symbol.asyncIterator]() : images[Symbol.iterator]()
    void this.#fill(3 * batchSize)
    this.signal.addEventListener('abort', () => this.#abort(), { once: true })
  }

  /** The next entries in order, 1 to `most`; none where the source has ended. Throws what the source threw. */
  async take(most: number): Promise<(Cropped | Failed)[]> {
    const taken: (Cropped | Failed)[] = []
    while (taken.length < most) {
      const entry = this.#entries[0]
      if (!entry) {
        if (this.#failure && taken.length === 0) throw this.#failure.error
        if (this.#ended || this.#failure || (this.#greedy && taken.length > 0)) break
        this.signal.throwIfAborted()
        await new Promise<void>((resolve) => (this.#wake = resolve))
        continue
      }
      if (this.#greedy && taken.length > 0 && !entry.ready) break
      taken.push(await entry.settled)
      this.#entries.shift()
      this.#wake()
      this.#space()
    }
    return taken
  }

  async close(): Promise<void> {
    this.#space()
    // A source that is waiting for its next image may never answer; nobody waits for it.
    if (!this.#ended) void Promise.resolve(this.#iterator.return?.()).catch(() => {})
    await Promise.all(this.#entries.map(({ settled }) => settled))
  }

  #space: () => void = () => {}

  #abort(): void {
    for (const crop of this.#cropping) crop.abort(this.signal.reason)
    this.#wake()
  }

  async #fill(ahead: number): Promise<void> {
    try {
      for (let index = 0; !this.signal.aborted; index++) {
        const { done, value } = await this.#iterator.next()
        if (done) break
        // Taken before the source is asked for the next, which it may write to the same memory.
        const entry = { settled: this.#crop(takeImage(value), index), ready: false }
        void entry.settled.then(() => (entry.ready = true))
        this.#entries.push(entry)
        this.#wake()
        while (this.#entries.length >= ahead && !this.signal.aborted) {
          await new Promise<void>((resolve) => (this.#space = resolve))
        }
      }
    } catch (error) {
      this.#failure = { error }
    }
    this.#ended = true
    this.#wake()
  }

  async #crop(image: ImageInput, index: number): Promise<Cropped | Failed> {
    const controller = new AbortController()
    this.#cropping.add(controller)
    try {
      const crops: ImageCrop[] = []
      for (const encoder of this.encoders) {
        const same = crops.find(({ size }) => size === encoder.parts.preprocess.size)
        crops.push(same ?? (await encoder.crop(image, { signal: controller.signal })))
      }
      return { index, crops }
    } catch (cause) {
      return { index, error: withIndex(cause, index) }
    } finally {
      this.#cropping.delete(controller)
    }
  }
}

/** A path or the bytes of one image can be iterated too, but nobody means that. */
function checkIterable(images: unknown): void {
  const iterable =
    typeof images === 'object' &&
    images !== null &&
    !ArrayBuffer.isView(images) &&
    (Symbol.iterator in images || Symbol.asyncIterator in images)
  if (!iterable) {
    throw new InputError(
      'input_invalid_option',
      `Expected a list or stream of images, not ${show(images)}. Put a single image in a list: [image].`,
    )
  }
}

/** Says which image of the list it was, in a field. */
function withIndex(error: unknown, index: number): Error {
  if (error instanceof IcthpError)
    (error as { details: IcthpError['details'] }).details = { index, ...error.details }
  return error instanceof Error ? error : new Error(String(error))
}
