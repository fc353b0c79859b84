import type { EncodedImage } from '../scorers/encode/vision-encoder.ts'
import type { Judge, Scorer } from '../scorers/scorer.ts'
import type { EncodeOptions } from '../scorers/scorer-options.ts'
import type { Scores } from './combine.ts'
import { judged } from './score-images.ts'

/** Embeddings that are kept, of 4 kB each. */
const MOST_KNOWN = 4096
/** Prompts of one length share a run of the text tower, so many at once are cheaper; the first should not wait for them. */
const FIRST_AHEAD = 8
const MOST_AHEAD = 256

interface Known {
  readonly judges: readonly Judge[]
  /** The prompt's place among those that were encoded with it. */
  readonly place: number
}

/** What scores images by prompts, of which the last few thousand are kept encoded. */
export class PromptJudges {
  readonly #known = new Map<string, Known>()
  #ahead = FIRST_AHEAD

  /** `scorers` in the order in which images are encoded for them. */
  constructor(private readonly scorers: readonly Scorer[]) {}

  /** How many prompts should be learned at once: more with each time. */
  get ahead(): number {
    return this.#ahead
  }

  knows(prompt: string): boolean {
    return this.#known.has(prompt)
  }

  /** Encodes those that are not known. Throws what the text tower throws. */
  async learn(prompts: Iterable<string>, options: EncodeOptions = {}): Promise<void> {
    const fresh: string[] = []
    for (const prompt of new Set(prompts)) {
      const known = this.#known.get(prompt)
      if (known) this.#keep(prompt, known)
      else fresh.push(prompt)
    }
    if (fresh.length === 0) return
    const judges: Judge[] = []
    for (const scorer of this.scorers) judges.push(await scorer.judge(fresh, options))
    fresh.forEach((prompt, place) => this.#keep(prompt, { judges, place }))
    for (const oldest of this.#known.keys()) {
      if (this.#known.size <= Math.max(MOST_KNOWN, fresh.length)) break
      this.#known.delete(oldest)
    }
    this.#ahead = Math.min(MOST_AHEAD, 2 * this.#ahead)
  }

  judge(prompt: string, encoded: readonly EncodedImage[]): Scores {
    const { judges, place } = this.#known.get(prompt)!
    return judged(this.scorers, judges, encoded, place)
  }

  #keep(prompt: string, known: Known): void {
    this.#known.delete(prompt)
    this.#known.set(prompt, known)
  }
}
