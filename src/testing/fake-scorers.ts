import type { Tensor } from '../backend/backend.ts'
import { checkObject } from '../base/check-object.ts'
import { BackendError, InputError, show } from '../base/errors.ts'
import { dot } from '../models/embeddings.ts'
import type { ModelKind } from '../models/kinds.ts'
import { TextEncoder } from '../scorers/encode/text-encoder.ts'
import { Tower } from '../scorers/encode/tower.ts'
import { VisionEncoder } from '../scorers/encode/vision-encoder.ts'
import { HpScorer } from '../scorers/hp-scorer.ts'
import { IctScorer } from '../scorers/ict-scorer.ts'
import type { ScorerParts } from '../scorers/load/load-scorer.ts'
import type { EncodeOptions } from '../scorers/scorer-options.ts'
import { ClipTokenizer } from '../text/clip-tokenizer.ts'
import { FAKE_PREPROCESS, FakeDecoder, type SeenImage } from './fake-decoder.ts'
import type { FakeOptions } from './fake-options.ts'
import { FakeSession, numbersIn } from './fake-session.ts'
import { embedNumber, FAKE_DIM, numberOf } from './numbered-embedding.ts'
import { hash } from './stable-hash.ts'

export interface FakeScorers {
  /** Takes anything for an image, and so does `hp`. */
  readonly ict: IctScorer<unknown>
  readonly hp: HpScorer<unknown>
  readonly calls: FakeCalls
}

/** What the fakes were asked to do, in order. */
export interface FakeCalls {
  /** Images that were read. In `rankImages`, each once for both scorers. */
  readonly decoded: readonly unknown[]
  /** The batches that went through the vision towers. */
  readonly batches: readonly { readonly tower: ModelKind; readonly images: readonly unknown[] }[]
  /** Prompts that were encoded; one that is there several times in a call is encoded once. */
  readonly prompts: readonly string[]
}

/**
 * Real scorers, on a decoder that takes anything for an image (strings that name no file too) and towers that answer
 * what they are told. Batching, streams, ranking, cancellation, errors and `dispose` are those of the real thing.
 *
 *     const { ict, hp, calls } = createFakeScorers({ ict: (image) => (image === 'good.png' ? 0.9 : 0.1) })
 *     const best = await bestOfFour('a cat', { ict, hp })
 *     expect(calls.prompts).toEqual(['a cat'])
 *
 * The embeddings only name an image or a prompt: `ict.similarity` turns two of them into the score, their dot product
 * does not.
 */
export function createFakeScorers(options: FakeOptions = {}): FakeScorers {
  checkObject(options, 'createFakeScorers')
  const calls = {
    decoded: [] as unknown[],
    batches: [] as FakeCalls['batches'][number][],
    prompts: [] as string[],
  }
  const decoder = new FakeDecoder(options, calls.decoded)
  const parts = (kind: ModelKind, head?: (image: SeenImage) => number): ScorerParts =>
    fakeParts(kind, options, decoder, head, (images) => calls.batches.push({ tower: kind, images }))
  const hpOf = ({ image, digest }: SeenImage): number =>
    options.hp ? inRange('hp', options.hp(image), 0) : hash(`hp\n${digest}`)
  const ictOf = ({ image, digest }: SeenImage, prompt: string): number =>
    options.ict ? inRange('ict', options.ict(image, prompt), -1) : hash(`ict\n${digest}\n${prompt}`)
  return {
    ict: new FakeIctScorer(parts('ict'), options, calls.prompts, (image, prompt) =>
      ictOf(decoder.seen(image), prompt),
    ),
    hp: new HpScorer(parts('hp', hpOf)),
    calls,
  }
}

/** A vision tower on the fake decoder; with `head`, it gives the logits of what that says, too. */
function fakeParts(
  kind: ModelKind,
  { latency, batchSize = 4 }: FakeOptions,
  decoder: FakeDecoder,
  head: ((image: SeenImage) => number) | undefined,
  onBatch: (images: readonly unknown[]) => void,
): ScorerParts {
  const session = new FakeSession(latency?.run, (inputs) => {
    const numbers = numbersIn(inputs)
    const seen = numbers.map((number) => decoder.seen(number))
    onBatch(seen.map(({ image }) => image))
    const embeddings = floats([numbers.length, FAKE_DIM], numbers.flatMap(embedNumber))
    if (!head) return { image_embeds: embeddings }
    const logits = seen.map((image) => logit(head(image)))
    return { image_embeds: embeddings, hp_logits: floats([numbers.length], logits) }
  })
  const tower = new Tower(`fake ${kind} vision`, session)
  return {
    vision: new VisionEncoder({
      tower,
      decoder,
      preprocess: FAKE_PREPROCESS,
      projectionDim: FAKE_DIM,
      head: head !== undefined,
      batchSize,
    }),
    info: {
      kind,
      model: `fake/${kind}`,
      source: 'fake',
      origin: { files: [] },
      device: 'cpu',
      dtype: 'fp32',
      batchSize,
      backend: 'fake',
      decoder: 'fake',
      notes: ['A fake of icthp/testing: its scores judge nothing.'],
    },
    owned: [tower],
  }
}

const floats = (dims: number[], data: number[]): Tensor => ({
  dtype: 'float32',
  dims,
  data: Float32Array.from(data),
})

class FakeIctScorer extends IctScorer<unknown> {
  readonly #prompts: string[] = []

  constructor(
    parts: ScorerParts,
    { latency }: FakeOptions,
    private readonly encoded: string[],
    private readonly ictOf: (image: number, prompt: string) => number,
  ) {
    const session = new FakeSession(latency?.run, (inputs) => {
      const [rows = 0] = inputs['input_ids']!.dims
      return {
        text_embeds: {
          dtype: 'float32',
          dims: [rows, FAKE_DIM],
          data: new Float32Array(rows * FAKE_DIM).fill(1),
        },
      }
    })
    const text = new TextEncoder(new ClipTokenizer(), new Tower('fake ict text', session), FAKE_DIM)
    super({ ...parts, text, owned: [...parts.owned, text] })
  }

  // Several prompts may have the same tokens, so the tower cannot tell them apart.
  override async embedTexts(
    prompts: readonly string[],
    options: EncodeOptions = {},
  ): Promise<Float32Array[]> {
    await super.embedTexts(prompts, options)
    this.encoded.push(...new Set(prompts))
    return prompts.map((prompt) => {
      let number = this.#prompts.indexOf(prompt)
      if (number < 0) number = this.#prompts.push(prompt) - 1
      return Float32Array.from(embedNumber(number))
    })
  }

  override similarity(text: Float32Array, image: Float32Array): number {
    dot(text, image) // throws for what are no embeddings
    return this.ictOf(numberOf(image), this.#prompts[numberOf(text)]!)
  }
}

function inRange(name: 'ict' | 'hp', score: number, least: number): number {
  if (Number.isNaN(score)) {
    throw new BackendError('backend_nan', `The fake's ${name} function gave NaN, as a broken tower would.`, {
      name,
    })
  }
  if (typeof score === 'number' && score >= least && score <= 1) return score
  throw new InputError(
    'input_invalid_option',
    `The fake's ${name} function gave ${show(score)}; these scores are numbers from ${least} to 1.`,
    { name, score },
  )
}

/** The sigmoid's inverse; 0 and 1, which no real model gives, get logits that round to them. */
function logit(score: number): number {
  return Math.max(-800, Math.min(800, Math.log(score / (1 - score))))
}
