import { IcthpError, InputError, RequestError } from '../../base/errors.ts'
import { l2Normalise } from '../../models/embeddings.ts'
import type { Scorer } from '../../scorers/scorer.ts'
import { TextScorer } from '../../scorers/text-scorer.ts'
import type { ServedTower } from '../open-inference/served-tower.ts'
import type { DeskOptions, RewardDesk, ScoreItem, ScoreOutcome, ServedReward } from '../reward-desk.ts'
import { Allowance, type QueueLimits } from './allowance.ts'
import { aheadOf, Decoding, type PictureOutcome } from './decoding.ts'
import { type DeskObserver, NO_OBSERVER } from './desk-observer.ts'
import { type CombinationOptions, KnownRewards } from './known-rewards.ts'
import { outcomesOf } from './outcomes.ts'
import { PromptLine } from './prompt-line.ts'
import { type RequestLimitOptions, RequestLimits } from './request-limits.ts'
import { towersOf, type TowerTurn } from './towers.ts'
import { Turns } from './turns.ts'
import { VisionLine } from './vision-line.ts'
import { Visit } from './visit.ts'

export interface ScorerDeskOptions extends CombinationOptions, RequestLimitOptions {
  /** One a reward model; they stay the caller's, and are not disposed. */
  readonly scorers: readonly Scorer[]
  readonly maxQueue: QueueLimits
  /** A request's, from its arrival at the desk to its answer. */
  readonly timeoutMs: number
  readonly maxPixels?: number | undefined
  /** Batches at a time. */
  readonly atOnce?: number | undefined
  readonly observer?: DeskObserver | undefined
}

/** An embedding of an image or a text, or why there is none. */
export type Embedding = Float32Array | IcthpError

/** The one queue before the scorers: what all requests ask is decoded beside, batched together, first come first served. */
export class ScorerDesk implements RewardDesk {
  readonly known: KnownRewards
  readonly allowance: Allowance
  readonly limits: RequestLimits
  readonly #options: ScorerDeskOptions
  readonly #vision = new Map<Scorer, VisionLine>()
  readonly #prompts = new Map<Scorer, PromptLine>()
  readonly #decoding: Decoding
  readonly #turns: Turns
  readonly #observer: DeskObserver
  readonly #visits = new Set<Promise<unknown>>()
  #arrivals = 0
  #closing = false

  /** Throws `InputError` `input_invalid_option` for scorers and rules that do not fit together. */
  constructor(options: ScorerDeskOptions) {
    const { scorers, observer = NO_OBSERVER, maxPixels, maxQueue, atOnce } = options
    this.#options = options
    this.#observer = observer
    this.known = new KnownRewards(scorers, options)
    this.allowance = new Allowance(maxQueue)
    this.limits = new RequestLimits(options)
    this.#turns = new Turns(atOnce)
    const learning: DeskObserver = {
      ...observer,
      batch: (tower, rows, seconds) => {
        if (tower.endsWith('_vision')) this.allowance.learn(rows, seconds * this.#vision.size)
        observer.batch(tower, rows, seconds)
      },
    }
    for (const scorer of this.known.scorers) {
      const name = `${scorer.kind.name}_vision`
      this.#vision.set(scorer, new VisionLine(name, () => scorer.vision, this.#turns, learning))
      if (scorer instanceof TextScorer)
        this.#prompts.set(scorer, new PromptLine(scorer, this.#turns, learning))
    }
    this.#decoding = new Decoding(aheadOf(this.known.scorers), maxPixels, observer)
  }

  get rewards(): readonly ServedReward[] {
    return this.known.all
  }

  get closing(): boolean {
    return this.#closing
  }

  async score(
    rewards: readonly string[],
    given: readonly ScoreItem[],
    options: DeskOptions = {},
  ): Promise<readonly ScoreOutcome[]> {
    if (!Array.isArray(rewards) || !Array.isArray(given))
      throw new InputError(
        'input_invalid_option',
        'score takes a list of rewards and a list of { image, prompt }.',
      )
    const asked = Array.from(rewards as readonly string[], (name) => this.known.named(name))
    const items = [...(given as readonly ScoreItem[])]
    const scorers = this.known.scorers.filter((scorer) =>
      asked.some((reward) => reward.scorers.includes(scorer)),
    )
    this.limits.checkItems(items, asked)
    if (items.length === 0 || asked.length === 0) return items.map(() => ({ scores: {}, logits: {} }))
    return this.#visit(options, async (visit) => {
      const images = [...new Set(items.map(({ image }) => image))]
      const readers = scorers.filter((scorer) => this.#prompts.has(scorer))
      const texts = new Map(
        readers.map((reader) => [
          reader,
          this.#prompts
            .get(reader)!
            .embed(new Set(items.map(({ prompt }) => prompt!)), this.#arrivals++, visit),
        ]),
      )
      const encoded = await this.#encode(visit, images, scorers)
      const prompts = new Map<Scorer, ReadonlyMap<string, Embedding>>()
      for (const [reader, embeddings] of texts) prompts.set(reader, await embeddings)
      const outcomeOf = new Map(images.map((image, i) => [image, encoded[i]!]))
      return outcomesOf(asked, scorers, items, (image) => outcomeOf.get(image)!, prompts)
    })
  }

  /**
   * Embeddings of images by a scorer's vision tower, normalised where the reward compares them with prompts. Throws as
   * `score` does.
   */
  async embedImages(
    reward: string,
    images: readonly Uint8Array[],
    options: DeskOptions = {},
  ): Promise<readonly Embedding[]> {
    const scorer = this.#single(reward)
    this.limits.checkCount(images.length)
    return this.#visit(options, async (visit) => {
      const outcomes = await this.#encode(visit, images, [scorer])
      return outcomes.map((outcome) => {
        if (outcome instanceof IcthpError) return outcome
        const [{ embeds }] = outcome as [{ embeds: Float32Array }]
        return scorer.kind.takesPrompt ? l2Normalise(embeds) : embeds
      })
    })
  }

  /** Normalised embeddings of prompts. Throws as `score` does, and `request_invalid` where the reward takes none. */
  async embedTexts(
    reward: string,
    texts: readonly string[],
    options: DeskOptions = {},
  ): Promise<readonly Embedding[]> {
    const scorer = this.#single(reward)
    this.limits.checkCount(texts.length)
    texts.forEach((text, i) => this.limits.checkPrompt(text, `Input ${i}`))
    const line = this.#prompts.get(scorer)
    if (!line)
      throw new RequestError(
        'request_invalid',
        `${scorer.kind.label} takes no text, so it has no embeddings of texts. Name another model.`,
        { reward },
      )
    return this.#visit(options, async (visit) => {
      const embeddings = await line.embed(new Set(texts), this.#arrivals++, visit)
      return texts.map((text) => embeddings.get(text)!)
    })
  }

  /** The scorers' towers, for others to run: each run waits its turn with what the rewards ask. */
  towers(): readonly ServedTower[] {
    const turn: TowerTurn = (rows, bytes, signal, work) =>
      this.#visit({ signal }, async (visit) => {
        visit.leaving(this.allowance.take(rows, bytes).end)
        return work(this.#arrivals++, visit)
      })
    return this.known.scorers.flatMap((scorer) =>
      towersOf(scorer, this.#vision.get(scorer)!, this.#turns, this.#observer, turn),
    )
  }

  /** Takes no new work; resolves when what is under way is answered. */
  async close(): Promise<void> {
    this.#closing = true
    while (this.#visits.size > 0) await Promise.allSettled(this.#visits)
  }

  async #visit<T>({ signal }: DeskOptions, work: (visit: Visit) => Promise<T>): Promise<T> {
    this.check()
    const stay = new Visit().of(work, this.#options.timeoutMs, signal)
    this.#visits.add(stay)
    try {
      return await stay
    } finally {
      this.#visits.delete(stay)
    }
  }

  /** Throws `RequestError` where new work is not taken now: `request_closing`, `request_overloaded`. */
  check(): void {
    if (this.#closing)
      throw new RequestError(
        'request_closing',
        'The server is being shut down and takes no new work. Ask another, or again once it is back.',
        { retryAfter: 5 },
      )
    this.allowance.check()
  }

  async #encode(
    visit: Visit,
    images: readonly Uint8Array[],
    scorers: readonly Scorer[],
  ): Promise<PictureOutcome[]> {
    const lines = scorers.map((scorer) => this.#vision.get(scorer)!)
    const bytes = images.reduce((sum, { byteLength }) => sum + byteLength, 0)
    const hold = this.allowance.take(images.length, bytes)
    visit.leaving(hold.end)
    return Promise.all(
      images.map((image) => {
        const { byteLength } = image // Once it is decoded, its memory may be elsewhere.
        return this.#picture(visit, image, lines, () => hold.less(byteLength))
      }),
    )
  }

  #picture(
    visit: Visit,
    image: Uint8Array,
    lines: readonly VisionLine[],
    onDecoded: () => void,
  ): Promise<PictureOutcome> {
    return new Promise((resolve) => {
      let done = false
      const onDone = (outcome: PictureOutcome): void => {
        done = true
        this.#observer.image(outcome instanceof IcthpError ? 'failed' : 'scored')
        resolve(outcome)
      }
      const drop = this.#decoding.add({ order: this.#arrivals++, image, lines, onDecoded, onDone })
      visit.leaving(() => {
        if (done) return
        drop()
        this.#observer.image('dropped')
      })
    })
  }

  #single(reward: string): Scorer {
    const { scorers, name } = this.known.named(reward)
    if (scorers.length === 1) return scorers[0]!
    const names = scorers.map(({ kind }) => kind.name)
    throw new RequestError(
      'request_invalid',
      `${name} is made of ${names.join(' and ')} and has no embeddings of its own. Name one of them.`,
      { reward: name },
    )
  }
}
