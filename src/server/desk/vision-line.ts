import type { IcthpError } from '../../base/errors.ts'
import type { EncodedImage, VisionEncoder } from '../../scorers/encode/vision-encoder.ts'
import { asIcthpError } from './as-icthp-error.ts'
import { type DeskObserver, secondsSince } from './desk-observer.ts'
import type { Line, Turns } from './turns.ts'

/** Images that belong together and wait for a vision tower. */
export interface VisionEntry {
  /** When they came. */
  readonly order: number
  readonly rows: number
  /** Writes their `pixel_values` from `offset` (in values) on. */
  fill(target: Float32Array, offset: number): void
  /** The same as they are, where they were sent so: a batch of nothing else takes them without a copy. */
  readonly values?: Float32Array
  settle(encoded: readonly EncodedImage[] | IcthpError): void
}

/** One vision tower, and what waits for it. */
export class VisionLine implements Line {
  readonly name: string
  readonly #encoder: () => VisionEncoder
  readonly #turns: Turns
  readonly #observer: DeskObserver
  readonly #waiting = new Set<VisionEntry>()
  /** Entries at work, and what ends the run once nobody waits for any of them. */
  readonly #running = new Map<VisionEntry, { wanted: number; readonly stop: AbortController }>()

  /** `encoder` throws once the scorer was disposed. */
  constructor(name: string, encoder: () => VisionEncoder, turns: Turns, observer: DeskObserver) {
    this.name = name
    this.#encoder = encoder
    this.#turns = turns
    this.#observer = observer
    turns.add(this)
  }

  get encoder(): VisionEncoder {
    return this.#encoder()
  }

  get oldest(): number | undefined {
    let oldest: number | undefined
    for (const { order } of this.#waiting) oldest = Math.min(order, oldest ?? order)
    return oldest
  }

  /** Gives what takes it out again. */
  add(entry: VisionEntry): () => void {
    this.#waiting.add(entry)
    this.#turns.wake()
    return () => {
      this.#waiting.delete(entry)
      const run = this.#running.get(entry)
      this.#running.delete(entry)
      if (run && --run.wanted === 0) run.stop.abort(new Error('nobody waits for this batch any more'))
    }
  }

  async run(): Promise<void> {
    const batch = this.#take()
    if (await this.#encode(batch, batch.length === 1)) return
    // One image that upsets the tower must not take the others with it.
    for (const entry of batch) if (this.#running.has(entry)) await this.#encode([entry], true)
  }

  /** The oldest, as many as fit into a batch. What alone is more than a batch goes by itself. */
  #take(): VisionEntry[] {
    const most = this.#batchSize
    const batch: VisionEntry[] = []
    let rows = 0
    for (const entry of [...this.#waiting].sort((a, b) => a.order - b.order)) {
      if (batch.length > 0 && rows + entry.rows > most) break
      batch.push(entry)
      rows += entry.rows
      this.#waiting.delete(entry)
    }
    const run = { wanted: batch.length, stop: new AbortController() }
    for (const entry of batch) this.#running.set(entry, run)
    return batch
  }

  get #batchSize(): number {
    try {
      return this.encoder.parts.batchSize
    } catch {
      return 1 // disposed: the run will tell
    }
  }

  /** Whether all were told: on failure only where it is `last`. */
  async #encode(batch: readonly VisionEntry[], last: boolean): Promise<boolean> {
    const start = performance.now()
    try {
      const { encoder } = this
      const each = encoder.valuesOfImage
      const rows = batch.reduce((sum, entry) => sum + entry.rows, 0)
      const fill = (pixels: Float32Array): void => {
        let at = 0
        for (const entry of batch) {
          entry.fill(pixels, at * each)
          at += entry.rows
        }
      }
      const { signal } = this.#running.get(batch[0]!)?.stop ?? {}
      const [{ values: whole }] = batch as [VisionEntry]
      const encoded =
        batch.length === 1 && whole
          ? await encoder.encodeValues(rows, whole, signal)
          : await encoder.encodePixels(rows, fill, signal)
      this.#observer.batch(this.name, rows, secondsSince(start))
      let at = 0
      for (const entry of batch) this.#settle(entry, encoded.slice(at, (at += entry.rows)))
      return true
    } catch (error) {
      if (last) for (const entry of batch) this.#settle(entry, asIcthpError(error))
      return last
    }
  }

  #settle(entry: VisionEntry, encoded: readonly EncodedImage[] | IcthpError): void {
    if (this.#running.delete(entry)) entry.settle(encoded)
  }
}
