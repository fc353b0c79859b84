import { InputError, RequestError, show } from '../../base/errors.ts'
import {
  type AnyRule,
  type CombineFunction,
  combineScores,
  defaultRule,
  type Scores,
  type Weights,
  weightsFor,
} from '../../ranking/combine.ts'
import { scorersIn } from '../../ranking/score-images.ts'
import type { Scorer } from '../../scorers/scorer.ts'
import type { ServedReward } from '../reward-desk.ts'

export interface CombinationOptions {
  /** How scores become the reward `icthp`. Default `weighted`. */
  readonly combine?: AnyRule | CombineFunction | undefined
  /** For `weighted`. Default the same share each. */
  readonly weights?: Partial<Weights> | undefined
}

/** A reward by name, with what it is made of. */
export interface KnownReward extends ServedReward {
  readonly scorers: readonly Scorer[]
  /** The combination's numbers for a group of images; other rewards are scores of their own. */
  readonly mix?: (group: readonly Scores[]) => number[]
}

/** The name of the combination. */
export const COMBINATION = 'icthp'

/** Every scorer by its name, and their combination where there are several. Throws `InputError` for rules that do not fit. */
export class KnownRewards {
  readonly all: readonly KnownReward[]
  readonly scorers: readonly Scorer[]
  /** The rule of `icthp`, as results name it; `undefined` where it is not served. */
  readonly combine: AnyRule | 'custom' | undefined
  readonly rule: AnyRule | CombineFunction
  readonly weights: Weights

  constructor(given: readonly Scorer[], { combine, weights }: CombinationOptions) {
    this.scorers = scorersIn({ scorers: given })
    if (this.scorers.length === 0)
      throw new InputError('input_invalid_option', 'scorers is empty. Pass one a reward model.')
    const kinds = this.scorers.map(({ kind }) => kind)
    if (kinds.length < 2 && (combine !== undefined || weights !== undefined))
      throw new InputError(
        'input_invalid_option',
        'combine and weights say how several scorers become one reward; pass more than one, or leave them out.',
      )
    this.rule = combine ?? defaultRule(kinds)
    this.weights = weightsFor(kinds, weights)
    const alone = this.scorers.map((scorer): KnownReward => {
      const { name, label, takesPrompt } = scorer.kind
      return { name, label, takesPrompt, scorers: [scorer] }
    })
    this.all = alone.length > 1 ? [...alone, this.#combination()] : alone
    if (alone.length > 1) this.combine = typeof this.rule === 'function' ? 'custom' : this.rule
  }

  /** Throws `RequestError` `request_unknown_reward`. */
  named(name: string): KnownReward {
    const found = this.all.find((reward) => reward.name === name)
    if (found) return found
    const names = this.all.map((reward) => reward.name)
    throw new RequestError(
      'request_unknown_reward',
      `There is no reward ${show(name)} here. This server has ${names.join(', ')}.`,
      { reward: name, rewards: names },
    )
  }

  #combination(): KnownReward {
    const { scorers, rule, weights } = this
    const mix = (group: readonly Scores[]): number[] => combineScores(group, rule, weights)
    // A rule that does not fit these scorers fails now, not at the first request.
    if (typeof rule !== 'function')
      mix([
        Object.fromEntries(
          scorers.flatMap(({ kind: { name } }) => [name, `${name}Logit`].map((key) => [key, 0])),
        ),
      ])
    return {
      name: COMBINATION,
      label: scorers.map(({ kind }) => kind.label).join(' + '),
      takesPrompt: scorers.some(({ kind }) => kind.takesPrompt),
      scorers,
      mix,
    }
  }
}
