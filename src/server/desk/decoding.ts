import { IcthpError } from '../../base/errors.ts'
import { isGivenAway } from '../../base/memory/given-away.ts'
import { type ImageCrop, normaliseInto } from '../../image/preprocess.ts'
import type { EncodedImage, VisionEncoder } from '../../scorers/encode/vision-encoder.ts'
import type { Scorer } from '../../scorers/scorer.ts'
import { asIcthpError } from './as-icthp-error.ts'
import { type DeskObserver, secondsSince } from './desk-observer.ts'
import type { VisionLine } from './vision-line.ts'

/** What the towers say of a picture, in the order of the lines that it was for; or why they say nothing. */
export type PictureOutcome = readonly EncodedImage[] | IcthpError

export interface PictureJob {
  /** When it came. */
  readonly order: number
  readonly image: Uint8Array
  readonly lines: readonly VisionLine[]
  /** Its bytes are not held any more. */
  onDecoded(): void
  onDone(outcome: PictureOutcome): void
}

/** Bytes of crops that wait for the towers. */
const AHEAD_BYTES = 64 << 20
/** Pictures ahead of the towers, in batches; enough that batches are full while others are decoded. */
const BATCHES_AHEAD = 3
/** And at least so many: those at the decoders and at the towers are counted, and what is left must fill small batches. */
const LEAST_AHEAD = 16

/** Pictures from bytes to embeddings: decoded beside the towers, in the order in which they came, a bounded number ahead. */
export class Decoding {
  readonly #waiting = new Set<PictureJob>()
  readonly #stops = new Map<PictureJob, AbortController>()
  readonly #ahead: number
  readonly #maxPixels: number | undefined
  readonly #observer: DeskObserver

  /** `ahead`: pictures decoded, or at it, and not through all their towers. */
  constructor(ahead: number, maxPixels: number | undefined, observer: DeskObserver) {
    this.#ahead = ahead
    this.#maxPixels = maxPixels
    this.#observer = observer
  }

  /** Gives what takes it out again, wherever it is; it is then not told anything any more. */
  add(job: PictureJob): () => void {
    this.#waiting.add(job)
    this.#next()
    return () => {
      this.#waiting.delete(job)
      this.#stops.get(job)?.abort(new Error('nobody waits for this picture any more'))
    }
  }

  #next(): void {
    for (const job of this.#waiting) {
      if (this.#stops.size >= this.#ahead) return
      this.#waiting.delete(job)
      const stop = new AbortController()
      this.#stops.set(job, stop)
      void this.#process(job, stop.signal).then((outcome) => {
        this.#stops.delete(job)
        if (!stop.signal.aborted) job.onDone(outcome)
        this.#next()
      })
    }
  }

  async #process(job: PictureJob, signal: AbortSignal): Promise<PictureOutcome> {
    const start = performance.now()
    const crops = new Map<number, ImageCrop>()
    try {
      await this.#crop(job, signal, crops)
      this.#observer.decoded(secondsSince(start))
      job.onDecoded()
      return await encode(job, crops, signal)
    } catch (error) {
      return asIcthpError(error)
    } finally {
      const [{ encoder }] = job.lines as [VisionLine]
      for (const crop of crops.values()) encoder.forget(crop)
    }
  }

  /** One crop a size. The last may take the picture's memory with it. */
  async #crop(
    { image, lines }: PictureJob,
    signal: AbortSignal,
    crops: Map<number, ImageCrop>,
  ): Promise<void> {
    const encoders = new Map(lines.map(({ encoder }) => [sizeOf(encoder), encoder]))
    let left = encoders.size
    for (const [size, encoder] of encoders) {
      const source = --left > 0 && isGivenAway(image) ? new Uint8Array(image) : image
      const maxPixels = this.#maxPixels ?? encoder.parts.maxPixels
      crops.set(size, await encoder.crop(source, { signal, transfer: true, maxPixels }))
    }
  }
}

const sizeOf = ({ parts }: VisionEncoder): number => parts.preprocess.size

/** Puts the crops into the lines of their towers, and waits for all; the first error is the picture's. */
function encode(
  { order, lines }: PictureJob,
  crops: ReadonlyMap<number, ImageCrop>,
  signal: AbortSignal,
): Promise<PictureOutcome> {
  signal.throwIfAborted()
  return new Promise((resolve) => {
    const encoded: EncodedImage[] = []
    const leave: (() => void)[] = []
    let missing = lines.length
    const end = (outcome: PictureOutcome): void => {
      for (const each of leave) each()
      resolve(outcome)
    }
    signal.addEventListener('abort', () => end(asIcthpError(signal.reason)), { once: true })
    lines.forEach((line, i) => {
      const settle = (answer: readonly EncodedImage[] | IcthpError): void => {
        if (answer instanceof IcthpError) return end(answer)
        encoded[i] = answer[0]!
        if (--missing === 0) end(encoded)
      }
      const fill = (target: Float32Array, offset: number): void =>
        normaliseInto(crops.get(sizeOf(line.encoder))!, line.encoder.parts.preprocess, target, offset)
      leave.push(line.add({ order, rows: 1, fill, settle }))
    })
  })
}

/** How many pictures are decoded ahead of the towers. */
export function aheadOf(scorers: readonly Scorer[]): number {
  const { batchSize, size } = scorers
    .map(({ vision: { parts } }) => ({ batchSize: parts.batchSize, size: parts.preprocess.size }))
    .reduce((a, b) => ({ batchSize: Math.max(a.batchSize, b.batchSize), size: Math.max(a.size, b.size) }))
  const most = Math.max(2, Math.floor(AHEAD_BYTES / (3 * size * size)))
  return Math.min(most, Math.max(LEAST_AHEAD, BATCHES_AHEAD * batchSize))
}
