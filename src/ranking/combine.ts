import { InputError, show } from '../base/errors.ts'
import {
  allKinds,
  HP,
  ICT,
  isKind,
  logitKey,
  type ModelKind,
  OFFICIAL_KINDS,
  type OfficialKind,
  type PerKind,
  type RewardKind,
} from '../models/kinds.ts'
import { checkNumbersOf } from '../scorers/check-options.ts'

/**
 * How the scores of several reward models become one number. They can order images differently, so a ranking always names
 * its rule. `weighted`: w.ict·ICT + w.hp·HP, the published example; `product`: ICT·HP, as in the paper; `softmax`: ICT
 * times the softmax of the HP logits within the group, as the training code validates; `ict`, `hp`: one of them alone.
 * Where ICT is negative, `product` and `softmax` put the image that HP likes better behind the other.
 */
export type CombineRule = Mix | OfficialKind
/** The same where other models are registered. */
export type AnyRule = CombineRule | ModelKind
type Mix = (typeof MIXES)[number]
const MIXES = ['weighted', 'product', 'softmax'] as const

/** The rules for the models that icthp knows from the start. */
export const COMBINE_RULES: readonly CombineRule[] = [...MIXES, ...OFFICIAL_KINDS]
/** All rules: a registered model alone is one, too. */
export const combineRules = (): readonly AnyRule[] => [...MIXES, ...kindNames()]

/** Scores of one image by model, and beside them the logits of those that have one (`hpLogit`). */
export interface Scores {
  readonly ict?: number | undefined
  readonly hp?: number | undefined
  readonly hpLogit?: number | undefined
  readonly [name: string]: number | undefined
}

/** A rule of one's own: the combined score of one image, given the whole group. Higher is better. */
export type CombineFunction = (scores: Scores, group: readonly Scores[]) => number

/** A number for each model that `weighted` mixes. */
export interface Weights {
  readonly ict: number
  readonly hp: number
}

/** The models that a group has scores of, in the order of their records. */
export const kindsIn = (group: readonly Scores[]): RewardKind[] =>
  allKinds().filter(({ name }) => group.some((scores) => scores[name] !== undefined))

/** What is taken where no rule is named: the one model that is there, else `weighted`. */
export function defaultRule(kinds: readonly RewardKind[]): AnyRule {
  return kinds.length === 1 ? kinds[0]!.name : 'weighted'
}

/** The same share each, but for what is given. Throws `InputError` for other keys and for what is no finite number. */
export function weightsFor(kinds: readonly RewardKind[], given: Partial<Weights> = {}): Weights {
  checkNumbersOf('weights', given, kindNames(), Number.isFinite, 'a finite number')
  const mixed = kinds.length > 1 ? kinds : [ICT, HP]
  const weights: PerKind<number> = Object.fromEntries(mixed.map(({ name }) => [name, 1 / mixed.length]))
  for (const [name, weight] of Object.entries(given)) weights[name] = weight ?? weights[name]
  return weights as Weights & PerKind<number>
}

/** The keys that weights and thresholds may have. */
export const kindNames = (): string[] => allKinds().map(({ name }) => name)

/** One number an image, in order. Throws `InputError` for an unknown rule, scores that it needs and lacks, and NaN. */
export function combineScores(
  group: readonly Scores[],
  rule: AnyRule | CombineFunction,
  weights: Weights = weightsFor(kindsIn(group)),
): number[] {
  if (typeof rule === 'function')
    return group.map((scores) => checked(rule(scores, group), 'The combine function'))
  return byRule(group, rule, weights).map((score, i) => {
    // Of scores that are finite, large weights alone make it.
    if (Math.abs(score) === Infinity && kindsIn(group).every(({ name }) => Number.isFinite(group[i]![name])))
      throw new InputError(
        'input_invalid_option',
        `combine: '${rule}' gave ${score} for an image: its weights are too large. Only what they are to each other counts.`,
        { rule, weights },
      )
    return checked(score, `combine: '${rule}'`)
  })
}

function byRule(group: readonly Scores[], rule: AnyRule, weights: PerKind<number> | Weights): number[] {
  if (!combineRules().includes(rule)) {
    throw new InputError(
      'input_invalid_option',
      `There is no combine rule ${show(rule)}. Use ${combineRules().join(', ')}, or a function.`,
      { rule },
    )
  }
  const there = kindsIn(group)
  const mixed = there.length > 1 ? there : [...new Set([ICT, HP, ...there])]
  const kinds = isKind(rule) ? allKinds().filter(({ name }) => name === rule) : mixed
  for (const kind of kinds) requireScores(group, rule, kind)
  if (isKind(rule)) return group.map((scores) => scores[rule]!)
  const factors = kinds.map((kind) => factorsOf(group, rule, kind, weights as PerKind<number>))
  return group.map((_, i) => MIX[rule as Mix](factors.map((values) => values[i]!)))
}

const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b)
const product = (values: readonly number[]): number => values.reduce((a, b) => a * b)
const MIX: Readonly<Record<Mix, (values: readonly number[]) => number>> = {
  weighted: sum,
  product,
  softmax: product,
}

/** What goes into the sum or the product of a rule. */
function factorsOf(
  group: readonly Scores[],
  rule: AnyRule,
  kind: RewardKind,
  weights: PerKind<number>,
): number[] {
  if (rule === 'softmax' && !kind.takesPrompt) return softmax(group.map((scores) => scores[logitKey(kind)]!))
  const weight = rule === 'weighted' ? (weights[kind.name] ?? 0) : 1
  return group.map((scores) => weight * scores[kind.name]!)
}

function requireScores(group: readonly Scores[], rule: AnyRule, kind: RewardKind): void {
  const key = rule === 'softmax' && !kind.takesPrompt ? logitKey(kind) : kind.name
  if (group.every((scores) => scores[key] !== undefined)) return
  const pass = kind.takesPrompt ? `pass ${kind.name} and prompt` : `pass ${kind.name}`
  throw new InputError('input_invalid_option', `combine: '${rule}' needs ${kind.label} scores (${pass}).`, {
    rule,
  })
}

function softmax(logits: readonly number[]): number[] {
  const highest = logits.reduce((a, b) => Math.max(a, b), -Infinity)
  const powers = logits.map((logit) => Math.exp(logit - highest))
  const total = powers.reduce((a, b) => a + b, 0)
  return powers.map((power) => power / total)
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
