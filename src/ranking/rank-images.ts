import { InputError, show } from '../base/errors.ts'
import { takeImages } from '../image/inputs/take-image.ts'
import { checkOptions } from '../scorers/check-options.ts'
import type { Scorable, Scorer } from '../scorers/scorer.ts'
import { checkFit, orderAsItIs } from './check-fit.ts'
import type { Scores } from './combine.ts'
import { type OrderOptions, type Ranking, rankScores } from './rank-scores.ts'
import { requireScorers, scoreImages, type ScoreImagesOptions } from './score-images.ts'

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
  const options = { ...asked, ...orderAsItIs(asked) }
  const scorers = requireScorers(options, 'rankImages')
  checkPrompt(scorers, options.prompt)
  const combine = checkFit(scorers, options)
  const scored: { index: number; scores: Scores }[] = []
  for await (const entry of scoreImages(images, options)) scored.push(entry)
  return rankScores(scored, { ...options, combine })
}

/** The prompt is there where a model asks for one. */
function checkPrompt(scorers: readonly Scorer[], prompt: unknown): void {
  const texts = scorers.find(({ kind }) => kind.takesPrompt)
  if (!texts || typeof prompt === 'string') return
  throw new InputError(
    'input_not_a_string',
    `${texts.kind.label} ranks by a prompt, but prompt is ${show(prompt)}. Pass a string, or leave ` +
      `${texts.kind.name} out to rank without one.`,
    { prompt },
  )
}
