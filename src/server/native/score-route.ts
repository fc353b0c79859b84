import type { Context } from 'hono'
import { type Fields, invalid } from '../http/fields.ts'
import { bodyIsRead } from '../http/limit-body.ts'
import { type FormShape, readFields } from '../http/read-fields.ts'
import { type SentPicture, takePictures } from '../http/take-pictures.ts'
import type { ScoreOutcome } from '../reward-desk.ts'
import { modelNames, type NativeOptions, usualRewards } from './native-context.ts'
import { failureOf, placeOf, scoreSent } from './score-sent.ts'

const FIELDS = ['images', 'prompt', 'prompts', 'pairing', 'rewards']

/** The parts of a form that several routes take alike: `image`, once a file; `prompt`, once or once an image. */
export const FORM: FormShape = {
  files: { image: 'images', images: 'images', file: 'images', files: 'images' },
  json: ['weights', 'thresholds', 'top'],
  lists: ['rewards'],
  repeated: { prompt: 'prompts' },
}

/** `POST /v1/score`: one prompt for all images, one an image, or every pair. */
export function scoreRoute({ desk, fetchPicture }: NativeOptions): (c: Context) => Promise<Response> {
  return async (c) => {
    const { signal } = c.req.raw
    const fields = await readFields(c, FIELDS, FORM)
    const images = requiredImages(fields)
    const prompts = promptsOf(fields, images.length)
    desk.limits.checkCount(images.length * (prompts?.every ? prompts.texts.length : 1))
    const rewards = rewardsOf(fields, usualRewards(desk, prompts !== undefined))
    const pictures = await takePictures(images, { sent: fields.sent, fetchPicture, signal })
    bodyIsRead(c)
    const asked = prompts ?? { every: false, texts: [undefined] }
    const paired = pictures.flatMap((picture, i) => {
      if (asked.every) return asked.texts.map((prompt) => ({ picture, prompt }))
      return [{ picture, prompt: asked.texts[asked.texts.length === 1 ? 0 : i] }]
    })
    const outcomes = await scoreSent(desk, rewards, paired, signal)
    const each = asked.every ? asked.texts.length : 1
    const listed = new Set(asked.every ? rewards.filter((name) => desk.known.named(name).takesPrompt) : [])
    const { combine, weights } = desk.known
    return c.json({
      models: modelNames(desk),
      ...(rewards.includes('icthp') ? { combine, ...(combine === 'weighted' ? { weights } : {}) } : {}),
      results: pictures.map((picture, i) =>
        resultOf(i, picture, outcomes.slice(i * each, (i + 1) * each), listed),
      ),
    })
  }
}

export function requiredImages(fields: Fields): readonly unknown[] {
  const images = fields.list('images', { single: true })
  if (images === undefined || images.length === 0)
    throw invalid(
      'There is no image. Send `images`, a list of base64 texts or data URIs, or files named `image`.',
    )
  return images
}

/** What `rewards` names, at least one and none twice. */
export function rewardsOf(fields: Fields, usual: readonly string[]): readonly string[] {
  const rewards = fields.texts('rewards', { single: true }) ?? usual
  if (rewards.length > 0) return [...new Set(rewards)]
  throw invalid(
    'What this server has scores images by a prompt, and there is none. Send `prompt` or `prompts`.',
  )
}

interface AskedPrompts {
  /** Whether each image is scored with each of them. */
  readonly every: boolean
  readonly texts: readonly (string | undefined)[]
}

function promptsOf(fields: Fields, images: number): AskedPrompts | undefined {
  const [prompt, texts] = [fields.text('prompt'), fields.texts('prompts')]
  const pairing = fields.oneOf('pairing', ['each', 'every'])
  if (prompt !== undefined && texts)
    throw invalid('There are both prompt and prompts. Send one prompt for all images, or a list.')
  if (prompt !== undefined) return { every: false, texts: [prompt] }
  if (!texts) return undefined
  if (texts.length === 0) throw invalid('prompts is empty. Send at least one, or leave it out.')
  if (pairing === 'every') return { every: true, texts }
  if (texts.length !== images)
    throw invalid(
      `There are ${images} images and ${texts.length} prompts. Send one prompt an image, one \`prompt\` for all, or ` +
        '`"pairing": "every"` for every pair.',
      { images, prompts: texts.length },
    )
  return { every: false, texts }
}

function resultOf(
  index: number,
  picture: SentPicture,
  outcomes: readonly ScoreOutcome[],
  listed: ReadonlySet<string>,
): object {
  const scored: Readonly<Record<string, number>>[] = []
  for (const outcome of outcomes) {
    if ('error' in outcome) return failureOf(index, picture, outcome.error)
    scored.push(outcome.scores)
  }
  const names = Object.keys(scored[0]!)
  const scores = names.map((name) => [
    name,
    listed.has(name) ? scored.map((each) => each[name]) : scored[0]![name],
  ])
  return { ...placeOf(index, picture), ...(Object.fromEntries(scores) as object) }
}
