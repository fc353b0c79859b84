import { InputError, show } from '../../base/errors.ts'
import { Gate } from '../../base/waiting/gate.ts'
import { onAbort } from '../../base/waiting/on-abort.ts'
import type { ImageDecoder } from '../../image/decoder.ts'
import { checkOptions } from '../check-options.ts'
import type { StreamOptions } from '../scorer-options.ts'
import { type Cropped, CropQueue, type Images } from './crop-queue.ts'
import type { EncodedImage, VisionEncoder } from './vision-encoder.ts'

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
