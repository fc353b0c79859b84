import { ImageError } from '../../base/errors.ts'
import { l2Normalise } from '../../models/embeddings.ts'
import { PromptJudges } from '../../ranking/prompt-judges.ts'
import { encodeStream } from '../../scorers/encode/encode-stream.ts'
import type { EncodedImage } from '../../scorers/encode/vision-encoder.ts'
import type { Scorer } from '../../scorers/scorer.ts'
import type { EmbeddingCache } from '../cache/embedding-cache.ts'
import type { Row } from '../parts/row.ts'
import type { DatasetSettings } from '../plan/settings.ts'
import type { RowProblem, SampleOrProblem } from '../sources/shard.ts'
import { SampleEncoders } from './sample-encoder.ts'
import { SampleImage } from './sample-image.ts'

/** Rows that wait for their prompts to be encoded together: as many as the text tower takes in one run. */
const WINDOW = 32

/** An image after the towers, or the reason why it did not get there. */
type Entry = { readonly index: number; readonly key: string } & (
  | { readonly problem: RowProblem }
  | {
      readonly prompt: string | undefined
      readonly width: number
      readonly height: number
      readonly encoded: readonly EncodedImage[]
    }
)

/** Scorers with what they share from shard to shard. */
export class SampleScorer {
  readonly #encoders: SampleEncoders
  readonly #judges: PromptJudges
  readonly #asksPrompt: boolean

  constructor(
    private readonly scorers: readonly Scorer[],
    private readonly settings: DatasetSettings,
    cache?: EmbeddingCache | undefined,
  ) {
    this.#encoders = new SampleEncoders(scorers, cache)
    this.#judges = new PromptJudges(scorers)
    this.#asksPrompt = scorers.some(({ kind }) => kind.takesPrompt)
  }

  /**
   * A row for every sample, in their order. An image that cannot be read, or has no prompt, is a row with an error; whatever else
   * goes wrong ends it.
   */
  async *score(samples: AsyncIterable<SampleOrProblem>, signal?: AbortSignal): AsyncGenerator<Row> {
    const entries = new InOrder()
    let window: Entry[] = []
    const images = this.#images(samples, entries)
    const onImageError = (error: Error, index: number): void => entries.failed(index, error)
    for await (const image of encodeStream(this.#encoders.encoders, images, { signal, onImageError })) {
      entries.encoded(image)
      window.push(...entries.take())
      if (window.length < WINDOW) continue
      yield* await this.#judge(window, signal)
      window = []
    }
    yield* await this.#judge([...window, ...entries.take()], signal)
  }

  async *#images(samples: AsyncIterable<SampleOrProblem>, entries: InOrder): AsyncGenerator<SampleImage> {
    for await (const sample of samples) {
      if ('problem' in sample) entries.add(sample)
      else {
        const image = new SampleImage(sample, this.settings, this.#asksPrompt)
        entries.begin(image)
        yield image
      }
    }
  }

  async #judge(window: readonly Entry[], signal: AbortSignal | undefined): Promise<Row[]> {
    await this.#judges.learn(
      window.flatMap((entry) => ('problem' in entry ? [] : [promptOf(entry)])),
      { signal },
    )
    return window.map((entry) => this.#row(entry))
  }

  #row(entry: Entry): Row {
    const { index, key } = entry
    if ('problem' in entry) return { index, key, error: entry.problem.code, message: entry.problem.message }
    const { width, height, encoded } = entry
    const scores = this.#judges.judge(promptOf(entry), encoded)
    const row = { index, key, scores, width, height }
    return this.settings.embeddings ? { ...row, embeddings: this.#embeddings(encoded) } : row
  }

  /** As `embedImages` of each scorer gives them. */
  #embeddings(encoded: readonly EncodedImage[]): Record<string, Float32Array> {
    return Object.fromEntries(
      this.scorers.map(({ kind }, i) => {
        const { embeds } = encoded[i]!
        return [kind.name, kind.takesPrompt ? l2Normalise(embeds) : embeds]
      }),
    )
  }
}

/** Puts what was encoded and what failed back in the order of the samples. */
class InOrder {
  readonly #begun = new Map<number, { readonly place: number; readonly image: SampleImage }>()
  readonly #done = new Map<number, Entry>()
  #images = 0
  #places = 0
  #next = 0

  add(entry: Entry): void {
    this.#done.set(this.#places++, entry)
  }

  begin(image: SampleImage): void {
    this.#begun.set(this.#images++, { place: this.#places++, image })
  }

  encoded(streamed: {
    readonly index: number
    readonly width: number
    readonly height: number
    readonly encoded: readonly EncodedImage[]
  }): void {
    const { place, image } = this.#end(streamed.index)
    const { width, height, encoded } = streamed
    const { prompt, sample } = image
    this.#done.set(place, { index: sample.index, key: sample.key, prompt, width, height, encoded })
  }

  /** Throws what is not the image's fault. */
  failed(at: number, error: Error): void {
    const { place, image } = this.#end(at)
    if (!(error instanceof ImageError)) throw error
    const { index, key } = image.sample
    this.#done.set(place, { index, key, problem: { code: error.code, message: error.message } })
  }

  #end(index: number): { readonly place: number; readonly image: SampleImage } {
    const begun = this.#begun.get(index)!
    this.#begun.delete(index)
    return begun
  }

  take(): Entry[] {
    const taken: Entry[] = []
    for (let entry = this.#done.get(this.#next); entry; entry = this.#done.get(this.#next)) {
      taken.push(entry)
      this.#done.delete(this.#next++)
    }
    return taken
  }
}

/** Where no scorer asks for a prompt, all images have the same one. */
const promptOf = ({ prompt = '' }: { readonly prompt?: string | undefined }): string => prompt
