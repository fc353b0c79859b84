import { InputError, show } from '../base/errors.ts'
import { takeImages } from '../image/inputs/take-image.ts'
import { allKinds, logitKey } from '../models/kinds.ts'
import { checkOptions } from '../scorers/check-options.ts'
import type { Images } from '../scorers/encode/crop-queue.ts'
import { encodeStream } from '../scorers/encode/encode-stream.ts'
import type { EncodedImage } from '../scorers/encode/vision-encoder.ts'
import type { HeadScorer } from '../scorers/head-scorer.ts'
import { type Judge, type Scorable, Scorer } from '../scorers/scorer.ts'
import type { StreamOptions } from '../scorers/scorer-options.ts'
import type { TextScorer } from '../scorers/text-scorer.ts'
import type { Scores } from './combine.ts'

/** The scorers that are to run. */
export interface ScorersOption {
  readonly ict?: TextScorer | undefined
  readonly hp?: HeadScorer | undefined
  /** Scorers of other reward models. */
  readonly scorers?: readonly Scorer[] | undefined
}

export interface ScoreImagesOptions extends ScorersOption, StreamOptions {
  /** Needed with scorers that take one. */
  readonly prompt?: string | undefined
}

/** {@link scoreImages} and its like, for a platform whose users call `Input` an image. */
export interface ScoreImages<Input> {
  /** One pass over the images with all scorers: every image's scores, as they are ready. Each image is decoded once. */
  (
    images: Images<Scorable<Input>>,
    options: ScoreImagesOptions,
  ): AsyncGenerator<{ index: number; scores: Scores }>
  /** The same for many prompts, each encoded once: an image's scores with each of them, in their order. */
  (
    images: Images<Scorable<Input>>,
    options: Omit<ScoreImagesOptions, 'prompt'> & { readonly prompts: readonly string[] },
  ): AsyncGenerator<{ index: number; scores: Scores[] }>
}

/** One pass over the images with all scorers: every image's scores, as they are ready. Each image is decoded once. */
export function scoreImages(
  images: Images<Scorable>,
  options: ScoreImagesOptions,
): AsyncGenerator<{ index: number; scores: Scores }>
/** The same for many prompts, each encoded once: an image's scores with each of them, in their order. */
export function scoreImages(
  images: Images<Scorable>,
  options: Omit<ScoreImagesOptions, 'prompt'> & { readonly prompts: readonly string[] },
): AsyncGenerator<{ index: number; scores: Scores[] }>
export function scoreImages(
  images: Images<Scorable>,
  options: ScoreImagesOptions & { readonly prompts?: readonly string[] },
): AsyncGenerator<{ index: number; scores: Scores | Scores[] }> {
  checkOptions(options, 'scoreImages')
  const { prompt, prompts } = options
  if (prompts !== undefined && !Array.isArray(prompts))
    throw new InputError('input_invalid_option', `prompts is a list of strings, not ${show(prompts)}.`)
  const one = prompt === undefined ? [] : [prompt]
  const texts = prompts ? [...prompts] : one
  const scorers = requireScorers(options, 'scoreImages')
  requirePrompts(scorers, texts)
  const scored = scoreEach(takeImages(images, options.transfer), scorers, texts, { ...options })
  return prompts ? scored : firstOf(scored)
}

async function* firstOf(
  scored: AsyncGenerator<{ index: number; scores: Scores[] }>,
): AsyncGenerator<{ index: number; scores: Scores }> {
  for await (const { index, scores } of scored) yield { index, scores: scores[0]! }
}

async function* scoreEach(
  images: Images,
  scorers: readonly Scorer[],
  prompts: readonly string[],
  options: StreamOptions,
): AsyncGenerator<{ index: number; scores: Scores[] }> {
  for await (const { index, judge } of judgeEach(images, scorers, prompts, options))
    yield { index, scores: Array.from({ length: Math.max(1, prompts.length) }, (_, prompt) => judge(prompt)) }
}

async function* judgeEach(
  images: Images,
  scorers: readonly Scorer[],
  prompts: readonly string[],
  { signal, onProgress, onImageError, total }: StreamOptions,
): AsyncGenerator<{ index: number; judge: (prompt: number) => Scores }> {
  const judges: Judge[] = []
  for (const scorer of scorers) judges.push(await scorer.judge(prompts, { signal, onProgress }))
  const encoders = scorers.map(({ vision }) => vision)
  const options = { signal, onProgress, onImageError, total }
  for await (const { index, encoded } of encodeStream(encoders, images, options))
    yield { index, judge: (prompt) => judged(scorers, judges, encoded, prompt) }
}

/** What all scorers say of one image with one of the prompts. */
export const judged = (
  scorers: readonly Scorer[],
  judges: readonly Judge[],
  encoded: readonly EncodedImage[],
  prompt: number,
): Scores => Object.assign({}, ...scorers.map(({ kind }, i) => named(kind, judges[i]!(encoded[i]!, prompt))))

function named(kind: Scorer['kind'], { scores, logit }: ReturnType<Judge>): Scores {
  return { [kind.name]: scores[0], ...(kind.takesPrompt ? {} : { [logitKey(kind)]: logit }) }
}

function requirePrompts(scorers: readonly Scorer[], prompts: readonly string[]): void {
  const asks = scorers.find(({ kind }) => kind.takesPrompt)
  if (!asks || prompts.length > 0) return
  const { name, label } = asks.kind
  throw new InputError(
    'input_not_a_string',
    `${label} scores by a prompt, and there is none. Pass prompt, or leave ${name} out.`,
  )
}

/** The same, where none at all is an error. Throws `InputError`. */
export function requireScorers(options: ScorersOption, call: string): Scorer[] {
  const scorers = scorersIn(options)
  if (scorers.length > 0) return scorers
  throw new InputError('input_invalid_option', `${call} needs a scorer: pass ict with a prompt, hp, or both.`)
}

/** The scorers that options hold, in the order of their records. Throws `InputError`. */
export function scorersIn(options: ScorersOption): Scorer[] {
  const { ict, hp, scorers = [] } = options
  for (const [name, scorer] of Object.entries({ ict, hp })) {
    if (scorer === undefined || (scorer instanceof Scorer && scorer.kind.name === name)) continue
    throw new InputError('input_invalid_option', `${name} is ${show(scorer)}, not a scorer of that model.`, {
      name,
    })
  }
  if (!Array.isArray(scorers) || !scorers.every((scorer) => scorer instanceof Scorer))
    throw new InputError('input_invalid_option', `scorers is a list of scorers, not ${show(scorers)}.`)
  const given = [ict, hp, ...scorers].filter((scorer) => scorer !== undefined)
  const order = allKinds().map(({ name }) => name)
  const names = given.map(({ kind }) => kind.name)
  const twice = names.find((name, i) => names.indexOf(name) !== i)
  if (twice)
    throw new InputError('input_invalid_option', `There are two scorers of ${twice}. Pass one.`, {
      name: twice,
    })
  return given.sort((a, b) => order.indexOf(a.kind.name) - order.indexOf(b.kind.name))
}
