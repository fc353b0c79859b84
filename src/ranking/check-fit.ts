import { InputError } from '../base/errors.ts'
import { isObject } from '../base/json-object.ts'
import { logitKey } from '../models/kinds.ts'
import type { Scorer } from '../scorers/scorer.ts'
import { combineScores, defaultRule, weightsFor } from './combine.ts'
import { type OrderOptions, rankScores } from './rank-scores.ts'

/** What is passed counts as it is at the call. */
export const orderAsItIs = ({
  weights,
  thresholds,
}: OrderOptions): Pick<OrderOptions, 'weights' | 'thresholds'> => ({
  ...(isObject(weights) ? { weights: { ...weights } } : {}),
  ...(isObject(thresholds) ? { thresholds: { ...thresholds } } : {}),
})

/** Options that do not fit should fail before minutes of work, not after. Gives the rule. Throws `InputError`. */
export function checkFit(
  scorers: readonly Scorer[],
  options: OrderOptions,
): NonNullable<OrderOptions['combine']> {
  const { thresholds = {} } = options
  const sample: Record<string, number> = {}
  for (const { kind } of scorers) {
    sample[kind.name] = 0
    if (!kind.takesPrompt) sample[logitKey(kind)] = 0
  }
  for (const [name, threshold] of Object.entries(isObject(thresholds) ? thresholds : {})) {
    if (threshold === undefined || name in sample) continue
    throw new InputError(
      'input_invalid_option',
      `thresholds.${name} needs ${name.toUpperCase()} scores: pass ${name}, or leave the threshold out.`,
      { thresholds },
    )
  }
  const kinds = scorers.map(({ kind }) => kind)
  const { combine = defaultRule(kinds) } = options
  const rule = typeof combine === 'function' ? () => 0 : combine
  combineScores([sample], rule, weightsFor(kinds))
  rankScores([{ index: 0, scores: sample }], { ...options, combine: rule })
  return combine
}
