import { logitKey } from '../models/kinds.ts'
import type { Judge, Scorer } from '../scorers/scorer.ts'
import type { EncodeOptions } from '../scorers/scorer-options.ts'
import type { EncodedImage } from '../scorers/vision-encoder.ts'
import type { Scores } from './combine.ts'

/** Prompts whose embeddings are kept: 4 kB each. */
const KEPT = 4096

/** Scores encoded images by prompts as they come: each is encoded once while it is among the last few thousand. */
export class PromptJudges {
  readonly #readers: readonly Scorer[]
  readonly #kept = new Map<string, { readonly judges: readonly Judge[]; readonly place: number }>()
  #alone: Promise<readonly Judge[]> | undefined

  /** `scorers` in the order in which images are encoded for them. */
  constructor(private readonly scorers: readonly Scorer[]) {
    this.#readers = scorers.filter(({ kind }) => kind.takesPrompt)
  }

  /** Encodes those of the prompts that are new, together. */
  async prepare(prompts: Iterable<string>, options: EncodeOptions = {}): Promise<void> {
    this.#alone ??= Promise.all(
      this.scorers.filter(({ kind }) => !kind.takesPrompt).map((scorer) => scorer.judge([], options)),
    )
    await this.#alone
    if (this.#readers.length === 0) return
    const asked = new Set(prompts)
    // Those that are asked for again are the youngest.
    for (const prompt of asked) this.#touch(prompt)
    const fresh = [...asked].filter((prompt) => !this.#kept.has(prompt))
    if (fresh.length === 0) return
    const judges: Judge[] = []
    for (const reader of this.#readers) judges.push(await reader.judge(fresh, options))
    fresh.forEach((prompt, place) => this.#kept.set(prompt, { judges, place }))
    for (const oldest of this.#kept.keys()) {
      if (this.#kept.size <= Math.max(KEPT, asked.size)) break
      this.#kept.delete(oldest)
    }
  }

  #touch(prompt: string): void {
    const known = this.#kept.get(prompt)
    if (!known) return
    this.#kept.delete(prompt)
    this.#kept.set(prompt, known)
  }

  /** An image's scores, and its logits beside them. The prompt was prepared, if any scorer takes one. */
  async score(encoded: readonly EncodedImage[], prompt: string | undefined): Promise<Scores> {
    const alone = [...(await this.#alone!)]
    const known = prompt === undefined ? undefined : this.#kept.get(prompt)
    const readers = [...(known?.judges ?? [])]
    const all: Record<string, number | undefined> = {}
    this.scorers.forEach(({ kind }, i) => {
      if (kind.takesPrompt) all[kind.name] = readers.shift()!(encoded[i]!, known!.place).scores[0]
      else {
        const { scores, logit } = alone.shift()!(encoded[i]!)
        all[kind.name] = scores[0]
        all[logitKey(kind)] = logit
      }
    })
    return all
  }
}
