import { InputError, show } from '../base/errors.ts'
import type { ImageInput } from '../image/inputs/image-input.ts'
import { checkOptions } from '../scorers/check-options.ts'
import type { StreamOptions } from '../scorers/scorer-options.ts'
import { checkFit, orderAsItIs } from './check-fit.ts'
import { type GroupedRanking, type GroupedScores, rankGroups } from './rank-groups.ts'
import type { OrderOptions } from './rank-scores.ts'
import { requireScorers, type ScorersOption } from './score-images.ts'
import { type ImagePair, scorePairs } from './score-pairs.ts'

/** A candidate: an image, its prompt, and the group it competes in where that is not its prompt. */
export interface GroupedPair<Input = ImageInput> extends ImagePair<Input> {
  readonly group?: string | undefined
}

/** {@link rankPairs}, for a platform whose users call `Input` an image. */
export type RankPairs<Input> = (
  pairs: readonly GroupedPair<Input>[],
  options: ScorersOption & StreamOptions & OrderOptions,
) => Promise<GroupedRanking>

/**
 * Scores each image with its own prompt and ranks it among those of its group, or of its prompt: best-of-N over many prompts
 * in one call. Throws `InputError`, `ImageError` for an image that cannot be read (unless `onImageError` takes it),
 * `BackendError`.
 */
export async function rankPairs(
  pairs: readonly GroupedPair[],
  asked: ScorersOption & StreamOptions & OrderOptions,
): Promise<GroupedRanking> {
  if (!Array.isArray(pairs))
    throw new InputError(
      'input_invalid_option',
      `rankPairs takes a list of { image, prompt }, not ${show(pairs)}.`,
    )
  checkOptions(asked, 'rankPairs')
  const options = { ...asked, ...orderAsItIs(asked) }
  const combine = checkFit(requireScorers(options, 'rankPairs'), options)
  const groups = pairs.map((pair: GroupedPair | undefined) => pair?.group ?? pair?.prompt ?? '')
  const scored: GroupedScores[] = []
  for await (const entry of scorePairs(pairs, options)) scored.push({ ...entry, group: groups[entry.index]! })
  return rankGroups(scored, { ...options, combine })
}
