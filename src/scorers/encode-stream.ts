import { IcthpError, InputError, show } from '../base/errors.ts'
import { Gate } from '../base/gate.ts'
import { onAbort } from '../base/on-abort.ts'
import type { ImageDecoder } from '../image/decoder.ts'
import type { ImageCrop } from '../image/preprocess.ts'
import { takeImage } from '../image/take-image.ts'
import { checkOptions } from './check-options.ts'
import type { StreamOptions } from './scorer-options.ts'
import type { EncodedImage, VisionEncoder } from './vision-encoder.ts'

/** A list of images, or a source of them. Text can be iterated, too, and is none. */
export type Images<Input = unknown> = (Iterable<Input> & object) | AsyncIterable<Input>

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
 *
 * However many calls are under way, only so many of them crop and encode at a time: the others wait for their turn, with
 * nothing decoded. A turn is held for one batch, and never while this waits for the source or for its reader, either of
 * which may wait for another call.
 */
export async function* encodeStream(
  encoders: readonly VisionEncoder[],
  images: Images,
  options: StreamOptions = {},
): AsyncGenerator<StreamedImage> {
  checkOptions(options, 'a scorer')
  const { signal, onProgress, onImageError, transfer } = options
  checkIterable(images)
  const batchSize = Math.min(...encoders.map((encoder) => encoder.parts.batchSize))
  const total = Array.isArray(images) ? images.length : options.total
  const stop = new AbortController()
  // Not AbortSignal.any: on Node 20 its signal can be collected, and the abort is lost.
  if (signal?.aborted) stop.abort(signal.reason)
  const forget = onAbort(signal, () => stop.abort(signal!.reason))
  const ahead = BATCHES_AHEAD * batchSize
  const queue = new CropQueue(encoders, images, stop.signal, { ahead, transfer })
  const turns = turnsOf(encoders)
  const weight = bytesOf(encoders) * Math.min(ahead, total ?? Infinity)
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
      if (!(await queue.begun())) return
      const leave = await turns.enter(weight, stop.signal)
      let encoded: StreamedImage[]
      try {
        queue.open()
        const batch = await queue.take(batchSize)
        const whole = batch.filter((entry): entry is Cropped => !('error' in entry))
        for (const entry of batch) {
          if (!('error' in entry)) continue
          if (!onImageError || signal?.aborted) throw entry.error
          onImageError(entry.error, entry.index)
        }
        ready(batch.length - whole.length)
        encoded = await encodeBatch(encoders, whole, signal)
        ready(whole.length)
      } finally {
        queue.shut()
        leave()
      }
      yield* encoded
    }
  } finally {
    forget()
    stop.abort(new Error('nobody reads the stream any more'))
    await queue.close()
  }
}

/** Images that are decoded ahead of the towers, in batches. */
const BATCHES_AHEAD = 3
/** Bytes of crops, and of the numbers made of them, that the calls of one decoder hold together: 89 images of 224². */
const HELD_BYTES = 64 << 20

const turns = new WeakMap<ImageDecoder, Gate>()

function turnsOf(encoders: readonly VisionEncoder[]): Gate {
  const { decoder } = encoders[0]!.parts
  let gate = turns.get(decoder)
  if (!gate) turns.set(decoder, (gate = new Gate(HELD_BYTES)))
  return gate
}

/** What an image takes up until it is encoded: a crop for each size, and its float32 values for the tower at work. */
function bytesOf(encoders: readonly VisionEncoder[]): number {
  const sizes = new Set(encoders.map(({ parts }) => parts.preprocess.size))
  return [...sizes].reduce((sum, size) => sum + size ** 2 * 3 * 5, 0)
}

async function encodeBatch(
  encoders: readonly VisionEncoder[],
  batch: readonly Cropped[],
  signal: AbortSignal | undefined,
): Promise<StreamedImage[]> {
  if (batch.length === 0) return []
  const answers: EncodedImage[][] = []
  // One tower after the other: each uses the whole device.
  for (const [e, encoder] of encoders.entries()) {
    const crops = batch.map((entry) => entry.crops[e]!)
    answers.push(await encoder.encode(crops, signal))
  }
  return batch.map(({ index, crops }, i) => {
    const { width, height } = crops[0]!
    return { index, width, height, encoded: answers.map((answer) => answer[i]!) }
  })
}

interface Cropped {
  readonly index: number
  readonly crops: readonly ImageCrop[]
}
interface Failed {
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

interface CropQueueOptions {
  /** Images that are pulled and cropped ahead, at most. */
  readonly ahead: number
  readonly transfer: boolean | undefined
}

/** Pulls images from the source and crops several at once, in order; while it is shut, it pulls one and crops none. */
class CropQueue {
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
