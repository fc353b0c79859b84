import { IcthpError } from '../../base/errors.ts'
import { takeImage } from '../../image/inputs/take-image.ts'
import type { ImageCrop } from '../../image/preprocess.ts'
import type { VisionEncoder } from './vision-encoder.ts'

/** A list of images, or a source of them. Text can be iterated, too, and is none. */
export type Images<Input = unknown> = (Iterable<Input> & object) | AsyncIterable<Input>

/** An image's crops, one an encoder. */
export interface Cropped {
  readonly index: number
  readonly crops: readonly ImageCrop[]
}
export interface Failed {
  readonly index: number
  readonly error: Error
}

/** An image that the source has given; taken from here when its crop begins. */
interface Entry {
  readonly index: number
  image: unknown
  settled: Promise<Cropped | Failed> | undefined
  ready: boolean
}

export interface CropQueueOptions {
  /** Images that are pulled and cropped ahead, at most. */
  readonly ahead: number
  readonly transfer: boolean | undefined
}

/** Pulls images from the source and crops several at once, in order; while it is shut, it pulls one and crops none. */
export class CropQueue {
  #entries: Entry[] = []
  #open = false
  #wake: () => void = () => {}
  #ended = false
  #failure: { readonly error: unknown } | undefined
  /** A controller each, since a signal with a listener for every image in flight makes Node warn of a leak. */
  readonly #cropping = new Set<AbortController>()
  readonly #iterator: Iterator<unknown> | AsyncIterator<unknown>
  readonly #greedy: boolean

  constructor(
    private readonly encoders: readonly VisionEncoder[],
    images: Images,
    private readonly signal: AbortSignal,
    private readonly options: CropQueueOptions,
  ) {
    this.#greedy = Symbol.asyncIterator in images
    this.#iterator =
      Symbol.asyncIterator in images ? images[Symbol.asyncIterator]() : images[Symbol.iterator]()
    void this.#fill()
    this.signal.addEventListener('abort', () => this.#abort(), { once: true })
  }

  /** Waits for the source's next image; `false` where there is none. Throws what the source threw. */
  async begun(): Promise<boolean> {
    while (this.#entries.length === 0) {
      if (this.#failure) throw this.#failure.error
      if (this.#ended) return false
      this.signal.throwIfAborted()
      await new Promise<void>((resolve) => (this.#wake = resolve))
    }
    return true
  }

  open(): void {
    this.#open = true
    for (const entry of this.#entries) this.#start(entry)
    this.#space()
  }

  shut(): void {
    this.#open = false
  }

  /** Once it is open: the next entries in order, 1 to `most`; none where the source has ended. Throws what the source threw. */
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
      taken.push(await entry.settled!)
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

  #start(entry: Entry): void {
    if (entry.settled) return
    entry.settled = this.#crop(entry.image, entry.index)
    entry.image = undefined
    void entry.settled.then(() => (entry.ready = true))
  }

  async #fill(): Promise<void> {
    try {
      for (let index = 0; !this.signal.aborted; index++) {
        const { done, value } = await this.#iterator.next()
        if (done) break
        // Taken before the source is asked for the next, which it may write to the same memory.
        const image = takeImage(value, this.options.transfer)
        const entry: Entry = { index, image, settled: undefined, ready: false }
        if (this.#open) this.#start(entry)
        this.#entries.push(entry)
        this.#wake()
        while (this.#entries.length >= (this.#open ? this.options.ahead : 1) && !this.signal.aborted) {
          await new Promise<void>((resolve) => (this.#space = resolve))
        }
      }
    } catch (error) {
      this.#failure = { error }
    }
    this.#ended = true
    this.#wake()
  }

  async #crop(image: unknown, index: number): Promise<Cropped | Failed> {
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

/** Says which image of the list it was, in a field. */
function withIndex(error: unknown, index: number): Error {
  if (error instanceof IcthpError)
    (error as { details: IcthpError['details'] }).details = { index, ...error.details }
  return error instanceof Error ? error : new Error(String(error))
}
