import type { MeasuredModel, RankingAgreement } from '../models/measured.ts'
import { cosine } from '../models/self-test.ts'
import { combineScores, DEFAULT_WEIGHTS, type Scores } from '../ranking/combine.ts'
import { dot, l2Normalise, sigmoid } from '../scorers/embeddings.ts'
import { kendallTau, least, mean, most, rounded, sameBest } from './agreement.ts'
import type { Measurement } from './measure-messages.ts'

/** What one precision loses beside another, model by model, and how alike the two rank. */
export interface Comparison {
  readonly ict?: MeasuredModel
  readonly hp?: MeasuredModel
  /** Absent for a single image, which has no order. */
  readonly ranking?: RankingAgreement
}

/** `right` holds the answers that count as right; both measurements are of the same images and prompts. */
export function compareMeasurements(right: Measurement, got: Measurement): Comparison {
  const [scores, expected] = [scoresOf(got), scoresOf(right)]
  const models: { ict?: MeasuredModel; hp?: MeasuredModel } = {}
  for (const kind of ['ict', 'hp'] as const) {
    const [run, reference] = [got[kind], right[kind]]
    if (!run || !reference) continue
    const off = scores[kind]!.flatMap((row, i) =>
      row.map((score, j) => Math.abs(score - expected[kind]![i]![j]!)),
    )
    models[kind] = {
      device: run.device,
      backend: run.backend,
      score: { max: rounded(most(off)), mean: rounded(mean(off)) },
      imageCosine: cosines(reference.imageEmbeds, run.imageEmbeds),
      ...('textEmbeds' in run ? { textCosine: cosines(right.ict!.textEmbeds, run.textEmbeds) } : {}),
      secondsPerImage: rounded(run.secondsPerImage),
      ...('secondsPerPrompt' in run ? { secondsPerPrompt: rounded(run.secondsPerPrompt) } : {}),
    }
  }
  const ranking = compareRankings(expected, scores)
  return { ...models, ...(ranking ? { ranking } : {}) }
}

/** ICT of each image with each prompt, and HP of each image as a row of one. */
interface ScoreTable {
  readonly ict?: readonly (readonly number[])[]
  readonly hp?: readonly (readonly [number])[]
}

function scoresOf({ ict, hp }: Measurement): ScoreTable {
  const texts = ict?.textEmbeds.map(l2Normalise)
  return {
    ...(ict
      ? { ict: ict.imageEmbeds.map((embeds) => texts!.map((text) => dot(text, l2Normalise(embeds)))) }
      : {}),
    ...(hp ? { hp: hp.logits.map((logit) => [sigmoid(logit)] as const) } : {}),
  }
}

function compareRankings(right: ScoreTable, got: ScoreTable): RankingAgreement | undefined {
  const has = (kind: 'ict' | 'hp'): boolean => Boolean(right[kind] && got[kind])
  const combine = has('ict') && has('hp') ? 'weighted' : has('ict') ? 'ict' : 'hp'
  const images = (right.ict ?? right.hp)!.length
  if (images < 2) return undefined
  const prompts = has('ict') ? right.ict![0]!.length : 1
  const combined = (table: ScoreTable, prompt: number): number[] =>
    combineScores(
      Array.from({ length: images }, (_, i): Scores => ({
        ict: table.ict?.[i]![prompt],
        hp: table.hp?.[i]![0],
      })),
      combine,
      DEFAULT_WEIGHTS,
    )
  const lists = Array.from(
    { length: prompts },
    (_, prompt) => [combined(right, prompt), combined(got, prompt)] as const,
  )
  const taus = lists.map(([a, b]) => kendallTau(a, b))
  const top1 = lists.filter(([a, b]) => sameBest(a, b)).length / prompts
  return {
    combine,
    kendallTau: { min: rounded(least(taus)), mean: rounded(mean(taus)) },
    top1: rounded(top1),
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
