import type { RewardKind } from '../models/kinds.ts'
import type { Ranking, Thresholds } from '../ranking/rank-scores.ts'

/** What a report shows: the results of one run, and what is to be told beside them. All strings are plain text. */
export interface Report {
  readonly prompts: readonly ReportPrompt[]
  /** How the images were ordered; absent where they are in the order they came in. */
  readonly ranking?: Pick<Ranking, 'combine' | 'weights'> | undefined
  /** Images that were scored: more than are shown where only the best were kept. */
  readonly scored: number
  readonly thresholds?: Thresholds | undefined
  /** In the order to show them. */
  readonly images: readonly ReportImage[]
  /** Images that could not be read. */
  readonly failed: readonly { readonly image: string; readonly code: string; readonly message: string }[]
  /** Model, precision, device, versions: names and values. */
  readonly facts: readonly (readonly [name: string, value: string])[]
  readonly notes: readonly string[]
  /** The version of icthp. */
  readonly version: string
}

export interface ReportPrompt {
  /** What was read of it. */
  readonly text: string
  /** What was not, since the model reads so many tokens and no more; else empty. */
  readonly cut: string
  readonly tokens: number
  readonly limit: number
}

export interface ReportImage {
  readonly name: string
  /** A `data:` URL, so that the report is one file. */
  readonly thumbnail?: string | undefined
  /** Of the picture itself, in pixels. */
  readonly width?: number | undefined
  readonly height?: number | undefined
  /** Its own, where each image has one. */
  readonly prompt?: string | undefined
  /** What it was ranked within; the images of a group stand together. */
  readonly group?: string | undefined
  readonly rank?: number | undefined
  /** Combined, by the rule of `ranking`. */
  readonly score?: number | undefined
  /** One a prompt, or for the one prompt. Scores of other models stand under their names. */
  readonly ict?: number | readonly number[] | undefined
  readonly hp?: number | undefined
  /** Where there are thresholds. */
  readonly passed?: boolean | undefined
}

/** A model's scores of an image: one a prompt, or one where the model takes none. */
export const valuesIn = (image: object, { name }: Pick<RewardKind, 'name'>): readonly number[] => {
  const value = (image as Readonly<Record<string, unknown>>)[name]
  return [value ?? []].flat() as number[]
}
