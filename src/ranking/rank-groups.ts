import { InputError, show } from '../base/errors.ts'
import { checkOptions } from '../scorers/check-options.ts'
import { type AnyRule, defaultRule, kindsIn, type Scores, type Weights, weightsFor } from './combine.ts'
import { type OrderOptions, type RankedImage, rankScores } from './rank-scores.ts'

/** An image's scores, and the group that it is ranked in: its prompt, or whatever else tells them apart. */
export interface GroupedScores {
  readonly index: number
  readonly scores: Scores
  readonly group: string
}

/** Rankings of several groups by one rule. */
export interface GroupedRanking {
  /** The rule that ordered them: `custom` for a function. */
  readonly combine: AnyRule | 'custom'
  /** What `weighted` used. */
  readonly weights?: Weights
  /** In the order in which their first images came. */
  readonly groups: readonly RankedGroup[]
}

export interface RankedGroup {
  readonly group: string
  /** Best first, ranks from 1; equal scores keep the order they came in. */
  readonly results: readonly RankedImage[]
}

/**
 * Orders images within their groups, as {@link rankScores} orders one: best-of-N over many prompts. `topK` counts in each
 * group, and `softmax` is that of the group. Throws `InputError` for options and scores that do not fit together.
 */
export function rankGroups(scored: readonly GroupedScores[], options: OrderOptions = {}): GroupedRanking {
  checkOptions(options, 'rankGroups')
  // All of it, so that one group that lacks scores is told, and the rule is that of all.
  const kinds = Array.isArray(scored) ? kindsIn(scored.map((entry) => entry?.scores ?? {})) : []
  const { combine = defaultRule(kinds) } = options
  const groups = new Map<string, GroupedScores[]>()
  for (const entry of Array.isArray(scored) ? scored : []) {
    const group = groupOf(entry)
    const members = groups.get(group)
    if (members) members.push(entry)
    else groups.set(group, [entry])
  }
  if (groups.size === 0) rankScores(scored, options)
  return {
    combine: typeof combine === 'function' ? 'custom' : combine,
    ...(combine === 'weighted' ? { weights: weightsFor(kinds, options.weights) } : {}),
    groups: Array.from(groups, ([group, members]) => ({
      group,
      results: rankScores(members, { ...options, combine }).results,
    })),
  }
}

function groupOf(entry: unknown): string {
  const group = (entry as Partial<GroupedScores> | null | undefined)?.group
  if (typeof group === 'string') return group
  throw new InputError(
    'input_invalid_option',
    `rankGroups takes a list of { index, scores, group }: a group is ${show(group)}, not a string.`,
  )
}
