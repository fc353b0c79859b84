import { InputError, show } from '../base/errors.ts'
import { takeImages } from '../image/take-image.ts'
import { logitKey } from '../models/kinds.ts'
import { checkOptions } from '../scorers/check-options.ts'
import type { Scorable, Scorer } from '../scorers/scorer.ts'
import { combineScores, defaultRule, type Scores, weightsFor } from './combine.ts'
import { type OrderOptions, type Ranking, rankScores } from './rank-scores.ts'
import { scoreImages, type ScoreImagesOptions, scorersIn } from './score-images.ts'

export interface RankOptions extends ScoreImagesOptions, OrderOptions {}

/** {@link rankImages}, for a platform whose users call `Input` an image. */
export type RankImages<Input> = (images: readonly Scorable<Input>[], options: RankOptions) => Promise<Ranking>

/**
 * Scores images with ICT, HP or both, decoding each once, and orders them. Throws `InputError` for options that do not
 * fit together, `ImageError` for an image that cannot be read (unless `onImageError` takes it), `BackendError`.
 */
export async function rankImages(given: readonly Scorable[], asked: RankOptions): Promise<Ranking> {
  if (!Array.isArray(given)) {
    throw new InputError('input_invalid_option', `rankImages takes a list of images, not ${show(given)}.`)
  }
  checkOptions(asked, 'rankImages')
  const images = takeImages(given, asked.transfer)
  const options = { ...asked, ...copies(asked) }
  const scorers = scorersIn(options)
  const combine = checkFit(scorers, options)
  const scored: { index: number; scores: Scores }[] = []
  for await (const entry of scoreImages(images, options)) scored.push(entry)
  return rankScores(scored, { ...options, combine })
}

const isObject = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** What is passed counts as it is at the call. */
const copies = ({ weights, thresholds }: RankOptions): Pick<RankOptions, 'weights' | 'thresholds'> => ({
  ...(isObject(weights) ? { weights: { ...weights } } : {}),
  ...(isObject(thresholds) ? { thresholds: { ...thresholds } } : {}),
})

/** Options that do not fit should fail before minutes of work, not after. Gives the rule. */
function checkFit(scorers: readonly Scorer[], options: RankOptions): NonNullable<RankOptions['combine']> {
  const { prompt, thresholds = {} } = options
  if (scorers.length === 0) {
    throw new InputError(
      'input_invalid_option',
      'rankImages needs a scorer: pass ict with a prompt, hp, or both.',
    )
  }
  const texts = scorers.find(({ kind }) => kind.takesPrompt)
  if (texts && typeof prompt !== 'string') {
    throw new InputError(
      'input_not_a_string',
      `${texts.kind.label} ranks by a prompt, but prompt is ${show(prompt)}. Pass a string, or leave ` +
        `${texts.kind.name} out to rank without one.`,
      { prompt },
    )
  }
  const sample: Record<string, number> = {}
  for (const { kind } of scorers) {
    sample[kind.name] = 0
    if (!kind.takesPrompt) sample[logitKey(kind)] = 0
  }
  for (const [name, threshold] of Object.entries(isObject(thresholds) ? thresholds : {})) {
    if (threshold === undefined || name in sample) continue
    throw new InputError(
      'input_invalid_option',
      `thresholds.${name} needs ${name.toUpperCase()} scores: pass ${name}, or leave the threshold out.`,
      { thresholds },
    )
  }
  const kinds = scorers.map(({ kind }) => kind)
  const { combine = defaultRule(kinds) } = options
  combineScores([sample], typeof combine === 'function' ? () => 0 : combine, weightsFor(kinds))
  rankScores([{ index: 0, scores: sample }], {
    ...options,
    combine: typeof combine === 'function' ? () => 0 : combine,
  })
  return combine
}
