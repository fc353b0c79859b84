import { l2Normalise } from '../models/embeddings.ts'
import { allKinds, type PerKind, type RewardKind } from '../models/kinds.ts'
import type { MeasuredModel, RankingAgreement } from '../models/measured.ts'
import { cosine } from '../models/self-test.ts'
import { combineScores, defaultRule, type Scores } from '../ranking/combine.ts'
import { kendallTau, least, mean, most, rounded, sameBest } from './agreement.ts'
import type { MeasuredRun, Measurement } from './measure-messages.ts'

/** What one precision loses beside another, model by model, and how alike the two rank. */
export interface Comparison {
  readonly ict?: MeasuredModel
  readonly hp?: MeasuredModel
  /** Absent for a single image, which has no order. */
  readonly ranking?: RankingAgreement
}

/** What a precision was measured to lose with one model. */
export const measuredIn = (comparison: Comparison, { name }: RewardKind): MeasuredModel | undefined =>
  (comparison as PerKind<MeasuredModel>)[name]

/** `right` holds the answers that count as right; both measurements are of the same images and prompts. */
export function compareMeasurements(right: Measurement, got: Measurement): Comparison {
  const models: PerKind<MeasuredModel> = {}
  const kinds = allKinds().filter(({ name }) => got.models[name] && right.models[name])
  for (const kind of kinds)
    models[kind.name] = compareRuns(kind, right.models[kind.name]!, got.models[kind.name]!)
  const ranking = compareRankings(kinds, right, got)
  return { ...models, ...(ranking ? { ranking } : {}) } as Comparison
}

function compareRuns(kind: RewardKind, right: MeasuredRun, got: MeasuredRun): MeasuredModel {
  const [scores, expected] = [scoresOf(kind, got), scoresOf(kind, right)]
  const off = scores.flatMap((row, i) => row.map((score, j) => Math.abs(score - expected[i]![j]!)))
  return {
    device: got.device,
    backend: got.backend,
    score: { max: rounded(most(off)), mean: rounded(mean(off)) },
    imageCosine: cosines(right.imageEmbeds, got.imageEmbeds),
    ...(got.texts ? { textCosine: cosines(right.texts!.embeds, got.texts.embeds) } : {}),
    secondsPerImage: rounded(got.secondsPerImage),
    ...(got.texts ? { secondsPerPrompt: rounded(got.texts.secondsPerPrompt) } : {}),
  }
}

/** An image's scores with each prompt; a row of one where the model takes none. */
function scoresOf(kind: RewardKind, { imageEmbeds, texts, logits }: MeasuredRun): number[][] {
  if (!kind.takesPrompt) return logits!.map((logit) => [kind.fromLogit(logit)])
  const wanted = texts!.embeds.map(l2Normalise)
  return imageEmbeds.map((embeds) => {
    const image = l2Normalise(embeds)
    return wanted.map((text) => kind.similarity(text, image))
  })
}

function compareRankings(
  kinds: readonly RewardKind[],
  right: Measurement,
  got: Measurement,
): RankingAgreement | undefined {
  const combine = defaultRule(kinds)
  const orders = [right, got].map(({ models }) => {
    const tables = kinds.map((kind) => ({ kind, rows: scoresOf(kind, models[kind.name]!) }))
    const prompts = Math.max(...tables.map(({ rows }) => rows[0]?.length ?? 0))
    return Array.from({ length: prompts }, (_, prompt) => {
      const group = tables[0]!.rows.map((_row, i): Scores =>
        Object.fromEntries(
          tables.map(({ kind, rows }) => [kind.name, rows[i]![kind.takesPrompt ? prompt : 0]]),
        ),
      )
      return combineScores(group, combine)
    })
  })
  const [expected, found] = orders as [number[][], number[][]]
  if ((expected[0]?.length ?? 0) < 2) return undefined
  const taus = expected.map((scores, i) => kendallTau(scores, found[i]!))
  return {
    combine,
    kendallTau: { min: rounded(least(taus)), mean: rounded(mean(taus)) },
    top1: rounded(expected.filter((scores, i) => sameBest(scores, found[i]!)).length / expected.length),
  }
}

function cosines(
  right: readonly Float32Array[],
  got: readonly Float32Array[],
): { min: number; mean: number } {
  const all = right.map((embeds, i) => cosine(got[i]!, embeds))
  return { min: roundedCosine(least(all)), mean: roundedCosine(mean(all)) }
}

/** What is lost shows in the digits after the nines. */
const roundedCosine = (value: number): number => Number(value.toFixed(9))
