import type { IcthpError } from '../../base/errors.ts'
import type { TextScorer } from '../../scorers/text-scorer.ts'
import { asIcthpError } from './as-icthp-error.ts'
import { type DeskObserver, secondsSince } from './desk-observer.ts'
import type { Line, Turns } from './turns.ts'
import type { Visit } from './visit.ts'

/** Prompts in one turn of a text tower, whose cost is far below the images'. */
const BATCH = 32
/** And characters: tokenising holds the event loop up, for some 5 ms a thousand of the worst kind. */
const BATCH_LENGTH = 8000
/** Embeddings that are kept for the next request: trainers send the same prompts again and again. 4 kB each. */
const KEPT = 2048
/** Longer prompts are not kept: they would be the larger part of it. */
const KEPT_LENGTH = 2000

interface Waiting {
  readonly order: number
  readonly told: ((embedding: Float32Array | IcthpError) => void)[]
  wanted: number
}

/** One text tower, and the prompts that wait for it: each distinct one is encoded once. */
export class PromptLine implements Line {
  readonly name: string
  readonly scorer: TextScorer
  readonly #turns: Turns
  readonly #observer: DeskObserver
  readonly #waiting = new Map<string, Waiting>()
  /** Least recently used first. */
  readonly #kept = new Map<string, Float32Array>()

  constructor(scorer: TextScorer, turns: Turns, observer: DeskObserver) {
    this.name = `${scorer.kind.name}_text`
    this.scorer = scorer
    this.#turns = turns
    this.#observer = observer
    turns.add(this)
  }

  get oldest(): number | undefined {
    for (const { order } of this.#waiting.values()) return order
    return undefined
  }

  /** Normalised embeddings of the prompts, or why there are none; a visit that leaves takes out what still waits. */
  async embed(
    prompts: ReadonlySet<string>,
    order: number,
    visit: Visit,
  ): Promise<ReadonlyMap<string, Float32Array | IcthpError>> {
    const embeddings = new Map<string, Float32Array | IcthpError>()
    await Promise.all(
      [...prompts].map(
        (prompt) =>
          new Promise<void>((resolve) => {
            const tell = (embedding: Float32Array | IcthpError): void => {
              embeddings.set(prompt, embedding)
              resolve()
            }
            visit.leaving(this.ask(prompt, order, tell))
          }),
      ),
    )
    return embeddings
  }

  /** `tell` hears the normalised embedding, or why there is none. Gives what takes the prompt out again. */
  ask(prompt: string, order: number, tell: (embedding: Float32Array | IcthpError) => void): () => void {
    const kept = this.#kept.get(prompt)
    if (kept) {
      this.#keep(prompt, kept)
      tell(kept)
      return () => {}
    }
    const waiting = this.#waiting.get(prompt) ?? { order, told: [], wanted: 0 }
    waiting.told.push(tell)
    waiting.wanted++
    this.#waiting.set(prompt, waiting)
    this.#turns.wake()
    return () => {
      if (--waiting.wanted === 0 && this.#waiting.get(prompt) === waiting) this.#waiting.delete(prompt)
    }
  }

  async run(): Promise<void> {
    const batch = this.#take()
    if (await this.#encode(batch, batch.length === 1)) return
    for (const entry of batch) await this.#encode([entry], true)
  }

  #take(): [string, Waiting][] {
    const batch: [string, Waiting][] = []
    let length = 0
    for (const [prompt, waiting] of this.#waiting) {
      length += prompt.length
      if (batch.length === BATCH || (batch.length > 0 && length > BATCH_LENGTH)) break
      batch.push([prompt, waiting])
    }
    for (const [prompt] of batch) this.#waiting.delete(prompt)
    return batch
  }

  async #encode(batch: readonly (readonly [string, Waiting])[], last: boolean): Promise<boolean> {
    const start = performance.now()
    try {
      const embeddings = await this.scorer.embedTexts(batch.map(([prompt]) => prompt))
      this.#observer.batch(this.name, batch.length, secondsSince(start))
      batch.forEach(([prompt, { told }], i) => {
        this.#keep(prompt, embeddings[i]!)
        for (const tell of told) tell(embeddings[i]!)
      })
      return true
    } catch (cause) {
      const error = asIcthpError(cause)
      if (last) for (const [, { told }] of batch) for (const tell of told) tell(error)
      return last
    }
  }

  #keep(prompt: string, embedding: Float32Array): void {
    if (prompt.length > KEPT_LENGTH) return
    this.#kept.delete(prompt)
    this.#kept.set(prompt, embedding)
    if (this.#kept.size > KEPT) this.#kept.delete(this.#kept.keys().next().value!)
  }
}
