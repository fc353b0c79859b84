import type { PerKind, RewardKind } from '../models/kinds.ts'
import type { Scores } from './combine.ts'
import type { GroupedRanking } from './rank-groups.ts'
import type { RankedImage, Ranking } from './rank-scores.ts'
import type { RunLabel } from './run-label.ts'

/** An image that could not be read, as results tell it. */
export interface FailedImage {
  readonly image: string
  /** Of the error. */
  readonly code: string
  readonly message: string
}

/** Scores of one image. */
export interface ScoreRow {
  readonly image: string
  /** Its own, where each image has one. */
  readonly prompt?: string
  /** By model: a list of one a prompt, or a number where the model takes none. */
  readonly scores: PerKind<number | readonly number[]>
  /** Where a threshold was given: whether every score is above its own. */
  readonly passed?: boolean
}

/** A result of a ranking. */
interface RankedRow extends RankedImage {
  readonly image: string
  /** Its own, where each image has one. */
  readonly prompt?: string
}

/** Images that were ranked together. */
export interface RankedRows {
  /** Its prompt or name; absent where all images are one group. */
  readonly group?: string
  readonly results: readonly RankedRow[]
}

/** What a row shows: by model, a list of one a prompt, or a number where the model takes none. */
export const rowScores = (kinds: readonly RewardKind[], scores: readonly Scores[]): ScoreRow['scores'] =>
  Object.fromEntries(
    kinds.map(({ name, takesPrompt }) => [
      name,
      takesPrompt ? scores.map((each) => each[name]!) : scores[0]![name],
    ]),
  )

/** The scores beside the other fields, as the machine-readable formats have them. */
export const scoreJson = ({ image, prompt, scores, passed }: ScoreRow): object => ({
  image,
  ...(prompt === undefined ? {} : { prompt }),
  ...scores,
  ...(passed === undefined ? {} : { passed }),
})

/** An image that could not be read, in a line of its own. */
export const failureJson = ({ image, code, message }: FailedImage): object => ({
  image,
  error: { code, message },
})

/** The document of `icthp score --json`; without `prompts` where each image has its own. */
export const scoresJson = (
  rows: readonly ScoreRow[],
  {
    label,
    prompts,
    failed,
  }: {
    readonly label: RunLabel
    readonly prompts?: readonly string[] | undefined
    readonly failed: readonly FailedImage[]
  },
): object => ({
  results: rows.map(scoreJson),
  ...(prompts ? { prompts } : {}),
  ...labelJson(label),
  ...(failed.length > 0 ? { errors: failed } : {}),
})

/** The document of `icthp rank --json`: one ranking, or one a group where these have names. */
export const rankingJson = (
  { combine, weights }: Pick<Ranking | GroupedRanking, 'combine' | 'weights'>,
  groups: readonly RankedRows[],
  {
    label,
    prompt,
    grouped,
    failed,
  }: {
    readonly label: RunLabel
    readonly prompt?: string | undefined
    readonly grouped: boolean
    readonly failed: readonly FailedImage[]
  },
): object => ({
  combine,
  ...(weights ? { weights } : {}),
  ...(grouped ? { groups } : { results: groups.flatMap(({ results }) => results) }),
  ...(prompt === undefined ? {} : { prompt }),
  ...labelJson(label),
  ...(failed.length > 0 ? { errors: failed } : {}),
})

/** The fields in their order. */
const labelJson = ({ model, device, dtype, models }: RunLabel): RunLabel => ({ model, device, dtype, models })
