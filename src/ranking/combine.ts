import { InputError, show } from '../base/errors.ts'

/**
 * How ICT and HP become one number. They can order images differently, so a ranking always names its rule.
 * `weighted`: w.ict·ICT + w.hp·HP, the published example; `product`: ICT·HP, as in the paper; `softmax`: ICT times the
 * softmax of the HP logits within the group, as the training code validates; `ict`, `hp`: one of them alone.
 * Where ICT is below 0, `product` and `softmax` put the image of higher HP behind the other; `weighted` does not.
 */
export const COMBINE_RULES = ['weighted', 'product', 'softmax', 'ict', 'hp'] as const
export type CombineRule = (typeof COMBINE_RULES)[number]

export interface Scores {
  readonly ict?: number | undefined
  readonly hp?: number | undefined
  readonly hpLogit?: number | undefined
}

/** A rule of one's own: the combined score of one image, given the whole group. Higher is better. */
export type CombineFunction = (scores: Scores, group: readonly Scores[]) => number

export interface Weights {
  readonly ict: number
  readonly hp: number
}

export const DEFAULT_WEIGHTS: Weights = { ict: 0.5, hp: 0.5 }

/** One number an image, in order. Throws `InputError` for an unknown rule, scores that it needs and lacks, and NaN. */
export function combineScores(
  group: readonly Scores[],
  rule: CombineRule | CombineFunction,
  weights: Weights,
): number[] {
  if (typeof rule === 'function')
    return group.map((scores) => checked(rule(scores, group), 'The combine function'))
  return byRule(group, rule, weights).map((score) => checked(score, `combine: '${rule}'`))
}

function byRule(group: readonly Scores[], rule: CombineRule, weights: Weights): number[] {
  if (!COMBINE_RULES.includes(rule)) {
    throw new InputError(
      'input_invalid_option',
      `There is no combine rule ${show(rule)}. Use ${COMBINE_RULES.join(', ')}, or a function.`,
      { rule },
    )
  }
  for (const name of NEEDS[rule]) {
    if (group.some((scores) => scores[name] === undefined)) {
      throw new InputError(
        'input_invalid_option',
        `combine: '${rule}' needs ${name === 'ict' ? 'ICT scores (pass ict and prompt)' : 'HP scores (pass hp)'}.`,
        { rule },
      )
    }
  }
  if (rule === 'weighted') return group.map(({ ict, hp }) => weights.ict * ict! + weights.hp * hp!)
  if (rule === 'product') return group.map(({ ict, hp }) => ict! * hp!)
  if (rule === 'softmax') {
    const shares = softmax(group.map(({ hpLogit }) => hpLogit!))
    return group.map(({ ict }, i) => ict! * shares[i]!)
  }
  return group.map((scores) => scores[rule]!)
}

const NEEDS: Readonly<Record<CombineRule, readonly (keyof Scores)[]>> = {
  weighted: ['ict', 'hp'],
  product: ['ict', 'hp'],
  softmax: ['ict', 'hpLogit'],
  ict: ['ict'],
  hp: ['hp'],
}

function softmax(logits: readonly number[]): number[] {
  const highest = logits.reduce((a, b) => Math.max(a, b), -Infinity)
  const powers = logits.map((logit) => Math.exp(logit - highest))
  const sum = powers.reduce((a, b) => a + b, 0)
  return powers.map((power) => power / sum)
}

/** NaN has no place in an order. */
function checked(score: unknown, what: string): number {
  if (typeof score === 'number' && !Number.isNaN(score)) return score
  throw new InputError(
    'input_invalid_option',
    `${what} gave ${show(score)} for an image; a ranking needs numbers.`,
    { score },
  )
}
