import { IcthpError } from '../../base/errors.ts'
import { l2Normalise } from '../../models/embeddings.ts'
import { type HeadKind, logitKey } from '../../models/kinds.ts'
import type { Scores } from '../../ranking/combine.ts'
import type { EncodedImage } from '../../scorers/encode/vision-encoder.ts'
import type { Scorer } from '../../scorers/scorer.ts'
import type { TextScorer } from '../../scorers/text-scorer.ts'
import type { ScoreItem, ScoreOutcome } from '../reward-desk.ts'
import type { PictureOutcome } from './decoding.ts'
import type { KnownReward } from './known-rewards.ts'

type Prompts = ReadonlyMap<Scorer, ReadonlyMap<string, Float32Array | IcthpError>>

/**
 * What became of each item, in their order. A combination is told of the images of a request that have the same prompt, since
 * `softmax` weighs an image by its group.
 */
export function outcomesOf(
  asked: readonly KnownReward[],
  scorers: readonly Scorer[],
  items: readonly ScoreItem[],
  encodedOf: (image: Uint8Array) => PictureOutcome,
  prompts: Prompts,
): ScoreOutcome[] {
  const normalised = new Map<EncodedImage, Float32Array>()
  const scored = items.map(({ image, prompt }) => {
    const encoded = encodedOf(image)
    return encoded instanceof IcthpError ? encoded : scoresOf(scorers, encoded, prompt, prompts, normalised)
  })
  const mixed = asked.flatMap((reward) => (reward.mix ? [mixByPrompt(reward, items, scored)] : []))
  return scored.map((scores, i) => {
    if (scores instanceof IcthpError) return { error: scores }
    const own = asked.flatMap(({ name, mix }) => (mix ? [] : [[name, scores[name]!] as const]))
    const combined = mixed.map(({ name, values }) => [name, values[i]!] as const)
    return { scores: Object.fromEntries([...own, ...combined]), logits: logitsIn(scorers, scores) }
  })
}

function scoresOf(
  scorers: readonly Scorer[],
  encoded: readonly EncodedImage[],
  prompt: string | undefined,
  prompts: Prompts,
  normalised: Map<EncodedImage, Float32Array>,
): Scores | IcthpError {
  const scores: Record<string, number> = {}
  for (const [i, scorer] of scorers.entries()) {
    const { kind } = scorer
    const image = encoded[i]!
    if (!kind.takesPrompt) {
      scores[kind.name] = kind.fromLogit(image.logit!)
      scores[logitKey(kind)] = image.logit!
      continue
    }
    const text = prompts.get(scorer)!.get(prompt!)!
    if (text instanceof IcthpError) return text
    // Once an image, however many prompts it is paired with.
    const unit = normalised.get(image) ?? l2Normalise(image.embeds)
    normalised.set(image, unit)
    scores[kind.name] = (scorer as TextScorer).similarity(text, unit)
  }
  return scores
}

function mixByPrompt(
  { name, mix, takesPrompt }: KnownReward,
  items: readonly ScoreItem[],
  scored: readonly (Scores | IcthpError)[],
): { name: string; values: number[] } {
  const groups = new Map<string, number[]>()
  scored.forEach((scores, i) => {
    if (scores instanceof IcthpError) return
    const key = takesPrompt ? items[i]!.prompt! : ''
    groups.set(key, [...(groups.get(key) ?? []), i])
  })
  const values: number[] = []
  for (const group of groups.values()) {
    const numbers = mix!(group.map((i) => scored[i] as Scores))
    group.forEach((i, place) => (values[i] = numbers[place]!))
  }
  return { name, values }
}

const logitsIn = (scorers: readonly Scorer[], scores: Scores): Record<string, number> =>
  Object.fromEntries(
    scorers
      .map(({ kind }) => kind)
      .filter((kind): kind is HeadKind => !kind.takesPrompt)
      .map((kind) => [kind.name, scores[logitKey(kind)]!]),
  )
