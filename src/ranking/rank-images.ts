import { InputError, show } from '../base/errors.ts'
import type { ImageInput } from '../image/decoder.ts'
import { takeImages } from '../image/take-image.ts'
import { checkNumbersOf, checkOptions } from '../scorers/check-options.ts'
import { l2Normalise, sigmoid } from '../scorers/embeddings.ts'
import { encodeStream } from '../scorers/encode-stream.ts'
import type { HpScorer } from '../scorers/hp-scorer.ts'
import type { IctScorer } from '../scorers/ict-scorer.ts'
import { Scorer } from '../scorers/scorer.ts'
import type { StreamOptions } from '../scorers/scorer-options.ts'
import {
  type CombineFunction,
  type CombineRule,
  combineScores,
  DEFAULT_WEIGHTS,
  type Scores,
  type Weights,
} from './combine.ts'

export interface RankOptions extends StreamOptions {
  /** Needed with `ict`. */
  readonly prompt?: string | undefined
  readonly ict?: IctScorer | undefined
  readonly hp?: HpScorer | undefined
  /** Default `weighted` with both scorers, else the one that is given. */
  readonly combine?: CombineRule | CombineFunction | undefined
  /** For `weighted`. Default one half each. */
  readonly weights?: Partial<Weights> | undefined
  /** An image passes where every score is above its threshold. Images that fail are ranked all the same. */
  readonly thresholds?: { readonly ict?: number | undefined; readonly hp?: number | undefined } | undefined
  /** Keep only so many of the best. */
  readonly topK?: number | undefined
}

export interface Ranking {
  /** The rule that ordered them: `custom` for a function. */
  readonly combine: CombineRule | 'custom'
  /** What `weighted` used. */
  readonly weights?: Weights
  /** Best first; equal scores keep the order they came in. */
  readonly results: readonly RankedImage[]
}

export interface RankedImage {
  /** Place in the input. */
  readonly index: number
  /** From 1. */
  readonly rank: number
  /** Combined, by the rule. */
  readonly score: number
  readonly ict?: number
  readonly hp?: number
  readonly passed: boolean
}

/**
 * Scores images with ICT, HP or both, decoding each once, and orders them. Throws `InputError` for options that do not
 * fit together, `ImageError` for an image that cannot be read (unless `onImageError` takes it), `BackendError`.
 */
export async function rankImages(given: readonly ImageInput[], asked: RankOptions): Promise<Ranking> {
  if (!Array.isArray(given)) {
    throw new InputError('input_invalid_option', `rankImages takes a list of images, not ${show(given)}.`)
  }
  checkOptions(asked, 'rankImages')
  const images = takeImages(given)
  const options = { ...asked, ...copies(asked) }
  const { ict, hp, prompt, thresholds } = options
  if (!ict && !hp)
    throw new InputError(
      'input_invalid_option',
      'rankImages needs a scorer: pass ict with a prompt, hp, or both.',
    )
  if (ict && typeof prompt !== 'string') {
    throw new InputError(
      'input_not_a_string',
      `ICT ranks by a prompt, but prompt is ${show(prompt)}. Pass a string, or leave ict out to rank by HP alone.`,
      { prompt },
    )
  }
  for (const [name, scorer] of Object.entries({ ict, hp })) {
    if (scorer !== undefined && !(scorer instanceof Scorer))
      throw new InputError('input_invalid_option', `${name} is a scorer, not ${show(scorer)}.`)
    if (!scorer && thresholds?.[name as 'ict' | 'hp'] !== undefined) {
      throw new InputError(
        'input_invalid_option',
        `thresholds.${name} needs ${name.toUpperCase()} scores: pass ${name}, or leave the threshold out.`,
        { thresholds },
      )
    }
  }
  const { combine = ict && hp ? 'weighted' : ict ? 'ict' : 'hp' } = options
  // Options that do not fit should fail before minutes of work, not after.
  const sample = { ict: ict ? 0 : undefined, hp: hp ? 0 : undefined, hpLogit: hp ? 0 : undefined }
  combineScores([sample], typeof combine === 'function' ? () => 0 : combine, DEFAULT_WEIGHTS)
  rankScores([], { ...options, combine })
  const scored: { index: number; scores: Scores }[] = []
  for await (const entry of scoreImages(images, options)) scored.push(entry)
  return rankScores(scored, { ...options, combine })
}

const isObject = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** What is passed counts as it is at the call. */
const copies = ({ weights, thresholds }: RankOptions): Pick<RankOptions, 'weights' | 'thresholds'> => ({
  ...(isObject(weights) ? { weights: { ...weights } } : {}),
  ...(isObject(thresholds) ? { thresholds: { ...thresholds } } : {}),
})

/** One pass over the images with both scorers: every image's scores, as they are ready. */
export function scoreImages(
  images: Iterable<ImageInput> | AsyncIterable<ImageInput>,
  options: Pick<RankOptions, 'ict' | 'hp' | 'prompt'> & StreamOptions,
): AsyncGenerator<{ index: number; scores: Scores }> {
  checkOptions(options, 'scoreImages')
  return scoreEach(takeImages(images), { ...options })
}

async function* scoreEach(
  images: Iterable<ImageInput> | AsyncIterable<ImageInput>,
  { ict, hp, prompt, ...options }: Pick<RankOptions, 'ict' | 'hp' | 'prompt'> & StreamOptions,
): AsyncGenerator<{ index: number; scores: Scores }> {
  const [text] = ict ? await ict.embedTexts([prompt!], options) : []
  const encoders = [ict?.vision, hp?.vision].filter((encoder) => encoder !== undefined)
  for await (const { index, encoded } of encodeStream(encoders, images, options)) {
    const logit = hp ? encoded.at(-1)!.logit! : undefined
    yield {
      index,
      scores: {
        ...(ict ? { ict: ict.similarity(text!, l2Normalise(encoded[0]!.embeds)) } : {}),
        ...(logit === undefined ? {} : { hp: sigmoid(logit), hpLogit: logit }),
      },
    }
  }
}

const SCORES = ['ict', 'hp'] as const

/** As of `rankImages`: both where both are there, else the one that is. */
function defaultRule(scored: readonly { readonly scores: Scores }[]): CombineRule {
  const has = (name: 'ict' | 'hp'): boolean => scored.some(({ scores }) => scores[name] !== undefined)
  return has('ict') === has('hp') ? 'weighted' : has('ict') ? 'ict' : 'hp'
}

/** Lists with holes are lists of what is not there. */
function checkScored(scored: unknown): void {
  const refuse = (why: string): never => {
    throw new InputError('input_invalid_option', `rankScores takes a list of { index, scores }: ${why}.`)
  }
  if (!Array.isArray(scored)) return refuse(`it was given ${show(scored)}`)
  for (const [i, entry] of Array.from<unknown>(scored).entries()) {
    const { index, scores } = (entry ?? {}) as { index?: unknown; scores?: unknown }
    if (typeof index !== 'number' || Number.isNaN(index)) refuse(`index of entry ${i} is ${show(index)}`)
    if (typeof scores !== 'object' || scores === null) refuse(`scores of entry ${i} is ${show(scores)}`)
  }
}

/**
 * Orders images by scores that are already there: for callers that cache them, or move a slider. Without a rule,
 * `weighted` where there are scores of both, else the one that is there. Throws `InputError` for options and scores that do not
 * fit together.
 */
export function rankScores(
  scored: readonly { readonly index: number; readonly scores: Scores }[],
  options: Pick<RankOptions, 'combine' | 'weights' | 'thresholds' | 'topK'> = {},
): Ranking {
  checkOptions(options, 'rankScores')
  checkScored(scored)
  const { combine = defaultRule(scored), weights: given = {}, thresholds = {}, topK } = options
  checkNumbersOf('weights', given, SCORES, Number.isFinite, 'a finite number')
  checkNumbersOf('thresholds', thresholds, SCORES, (value) => !Number.isNaN(value), 'a number')
  const weights = { ict: given.ict ?? DEFAULT_WEIGHTS.ict, hp: given.hp ?? DEFAULT_WEIGHTS.hp }
  if (topK !== undefined && !(Number.isInteger(topK) && topK > 0)) {
    throw new InputError('input_invalid_option', `topK is a whole number from 1, not ${show(topK)}.`, {
      topK,
    })
  }
  const group = scored.map(({ scores }) => scores)
  const combined = combineScores(group, combine, weights)
  const ordered = scored
    .map(({ index, scores: { ict, hp } }, i) => ({
      index,
      score: combined[i]!,
      ...(ict === undefined ? {} : { ict }),
      ...(hp === undefined ? {} : { hp }),
      passed:
        (thresholds.ict === undefined || (ict ?? -Infinity) > thresholds.ict) &&
        (thresholds.hp === undefined || (hp ?? -Infinity) > thresholds.hp),
    }))
    .sort((a, b) => b.score - a.score || a.index - b.index)
    .slice(0, topK)
  return {
    combine: typeof combine === 'function' ? 'custom' : combine,
    ...(combine === 'weighted' ? { weights } : {}),
    results: ordered.map(({ index, score, passed, ...scores }, i) => ({
      index,
      rank: i + 1,
      score,
      ...scores,
      passed,
    })),
  }
}
