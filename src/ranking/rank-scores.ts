import { InputError, show } from '../base/errors.ts'
import { allKinds, type PerKind, type RewardKind } from '../models/kinds.ts'
import { checkNumbersOf, checkOptions } from '../scorers/check-options.ts'
import {
  type AnyRule,
  type CombineFunction,
  combineScores,
  defaultRule,
  kindNames,
  kindsIn,
  type Scores,
  type Weights,
  weightsFor,
} from './combine.ts'

/** A score by model, `undefined` where there is none. */
export interface Thresholds {
  readonly ict?: number | undefined
  readonly hp?: number | undefined
  readonly [name: string]: number | undefined
}

export interface OrderOptions {
  /** Default `weighted` where several models have scored, else the one that has. */
  readonly combine?: AnyRule | CombineFunction | undefined
  /** For `weighted`. Default the same share each. */
  readonly weights?: Partial<Weights> | undefined
  /** An image passes where every score is above its threshold. Images that fail are ranked all the same. */
  readonly thresholds?: Thresholds | undefined
  /** Keep only so many of the best. */
  readonly topK?: number | undefined
}

export interface Ranking {
  /** The rule that ordered them: `custom` for a function. */
  readonly combine: AnyRule | 'custom'
  /** What `weighted` used. */
  readonly weights?: Weights
  /** Best first; equal scores keep the order they came in. */
  readonly results: readonly RankedImage[]
}

/** One image's place. Scores of other models than these two stand under their names. */
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

/** A model's score in a result. */
export const scoreIn = (result: object, { name }: RewardKind): number | undefined =>
  (result as Readonly<Record<string, number | undefined>>)[name]

/**
 * Orders images by scores that are already there: for callers that cache them, or move a slider. Throws `InputError`
 * for options and scores that do not fit together.
 */
export function rankScores(
  scored: readonly { readonly index: number; readonly scores: Scores }[],
  options: OrderOptions = {},
): Ranking {
  checkOptions(options, 'rankScores')
  checkScored(scored)
  const group = scored.map(({ scores }) => scores)
  const kinds = kindsIn(group)
  const { combine = defaultRule(kinds), thresholds = {}, topK } = options
  const weights = weightsFor(kinds, options.weights)
  checkLimits(thresholds, topK)
  const combined = combineScores(group, combine, weights)
  const ordered = scored
    .map(({ index, scores }, i) => ({
      index,
      score: combined[i]!,
      scores: alone(scores),
      passed: passes(scores, thresholds),
    }))
    .sort((a, b) => b.score - a.score || a.index - b.index)
    .slice(0, topK)
  return {
    combine: typeof combine === 'function' ? 'custom' : combine,
    ...(combine === 'weighted' ? { weights } : {}),
    results: ordered.map(({ index, score, passed, scores }, i) => ({
      index,
      rank: i + 1,
      score,
      ...scores,
      passed,
    })),
  }
}

/** Whether every score is above its threshold; one that is not there is not. */
export const passes = (scores: Scores, thresholds: Thresholds): boolean =>
  Object.entries(thresholds).every(
    ([name, least]) => least === undefined || (scores[name] ?? -Infinity) > least,
  )

/** Without the logits. */
const alone = (scores: Scores): PerKind<number> =>
  Object.fromEntries(
    allKinds().flatMap(({ name }) => (scores[name] === undefined ? [] : [[name, scores[name]]])),
  )

function checkLimits(thresholds: Thresholds, topK: number | undefined): void {
  checkNumbersOf('thresholds', thresholds, kindNames(), (value) => !Number.isNaN(value), 'a number')
  if (topK === undefined || (Number.isInteger(topK) && topK > 0)) return
  throw new InputError('input_invalid_option', `topK is a whole number from 1, not ${show(topK)}.`, { topK })
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
    for (const name of kindNames()) {
      const score = (scores as Readonly<Record<string, unknown>>)[name]
      if (score !== undefined && typeof score !== 'number') refuse(`${name} of entry ${i} is ${show(score)}`)
    }
  }
}
