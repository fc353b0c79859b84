import { ImageError, RequestError } from '../../base/errors.ts'
import type { JsonBody } from '../http/json-body.ts'
import type { RewardDesk, ScoreItem } from '../reward-desk.ts'
import { findRewards, needPrompts, scoreAll } from './asked.ts'

export type FlowFactoryAnswer = { readonly rewards: readonly number[] } | { readonly error: string }

/**
 * `POST {base}/compute` of Flow-Factory's reward server. It has no place for an image that failed, so where one did
 * the whole is an `error`, with status 200: only then does its client raise at once and show the text. A 4xx it would
 * send three times, and show the status alone.
 */
export async function computeFlowFactory(
  desk: RewardDesk,
  reward: string,
  body: JsonBody,
  signal: AbortSignal,
): Promise<FlowFactoryAnswer> {
  try {
    const { images, prompts } = readShape(body)
    needPrompts(
      findRewards(desk, [reward]),
      prompts.map((prompt) => ({ image: NOT_READ, prompt })),
    )
    const items: ScoreItem[] = []
    for (const [i, encoded] of images.entries()) {
      const image = await body.base64(encoded)
      if (!image) throw new ImageError('image_unreadable', `image[${i}] is not base64.`, { index: i })
      items.push({ image, prompt: prompts[i] })
    }
    return { rewards: await scoreAll(desk, reward, items, signal) }
  } catch (error) {
    if (error instanceof ImageError) return { error: `${error.code}: ${error.message}` }
    throw error
  }
}

const NOT_READ = new Uint8Array()

function readShape(body: JsonBody): { images: readonly unknown[]; prompts: (string | undefined)[] } {
  const { prompt, image } = (body.value ?? {}) as Record<string, unknown>
  if (image === null || image === undefined)
    throw invalid('The body has no "image". Images are scored here, videos are not.')
  if (!Array.isArray(image) || !image.every((encoded) => typeof encoded === 'string'))
    throw invalid('"image" must be a list of images in base64.')
  if (prompt === null || prompt === undefined) return { images: image, prompts: image.map(() => undefined) }
  const prompts = Array.isArray(prompt) ? prompt.map((each) => body.text(each)) : [undefined]
  if (prompts.includes(undefined)) throw invalid('"prompt" must be a list of texts.')
  if (prompts.length !== image.length)
    throw invalid(`There are ${image.length} images and ${prompts.length} prompts. Send one prompt an image.`)
  return { images: image, prompts }
}

const invalid = (message: string): RequestError => new RequestError('request_invalid', message)
