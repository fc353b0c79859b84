import { RequestError } from '../../base/errors.ts'
import type { RewardDesk, ScoreItem } from '../reward-desk.ts'
import { scoreAll } from './asked.ts'
import { PickledArray } from './pickle/numpy-values.ts'
import { PickleFault } from './pickle/pickle-fault.ts'
import { PickledDict, PickledList, PickledTuple } from './pickle/pickle-values.ts'
import { readPickle } from './pickle/read-pickle.ts'

/** flow_grpo reads `outputs`; verl-omni and deepgen_rl read `scores`. Nothing in a request tells them apart for sure. */
export type PickledAnswer = { readonly scores: readonly number[]; readonly outputs: readonly number[] }

/**
 * `POST {base}` of flow_grpo, verl-omni and deepgen_rl: a pickled dict of `images` and `prompts`. None has a place for
 * an image that failed, so where one did the whole is refused.
 */
export async function scorePickled(
  desk: RewardDesk,
  reward: string,
  bytes: Uint8Array,
  signal: AbortSignal,
): Promise<PickledAnswer> {
  const scores = await scoreAll(desk, reward, readItems(bytes), signal)
  return { scores, outputs: scores }
}

/** The items of a pickled request. Throws `RequestError` `request_invalid`. */
function readItems(bytes: Uint8Array): ScoreItem[] {
  try {
    const request = readPickle(bytes)
    if (!(request instanceof PickledDict) || !request.has('images'))
      throw invalid('The pickle must be a dict with "images" in it.')
    const images = imagesOf(request.get('images'))
    const prompts = promptsOf(request.get('prompts'))
    if (prompts.length > 0 && prompts.length !== images.length) {
      throw invalid(
        `There are ${images.length} images and ${prompts.length} prompts. Send one prompt an image, or none.`,
      )
    }
    return images.map((image, i) => ({ image, prompt: prompts[i] }))
  } catch (error) {
    if (!(error instanceof PickleFault)) throw error
    throw new RequestError(
      'request_invalid',
      `The body is not a pickle that can be taken: it ${error.message}. Send a dict of images (encoded, as bytes) and prompts.`,
      { cause: error },
    )
  }
}

function imagesOf(value: unknown): Uint8Array[] {
  if (value instanceof PickledDict)
    throw invalid(
      '"images" is a dict, as for editing rewards. Here an image is judged by itself: send a list.',
    )
  if (value instanceof PickledArray) {
    const strings = value.byteStrings()
    if (strings) return strings
  }
  const images = listOf(value)?.map((image) => (image instanceof PickledArray ? image.bytes() : image))
  if (!images?.every((image): image is Uint8Array => image instanceof Uint8Array))
    throw invalid('"images" must be a list of image files as bytes (JPEG, PNG, ...).')
  return images
}

function promptsOf(value: unknown): readonly string[] {
  if (value === undefined || value === null) return []
  const prompts = value instanceof PickledArray ? value.texts() : listOf(value)
  if (!prompts?.every((prompt): prompt is string => typeof prompt === 'string'))
    throw invalid('"prompts" must be a list of texts, or a numpy array of them.')
  return prompts
}

const listOf = (value: unknown): readonly unknown[] | undefined =>
  value instanceof PickledList || value instanceof PickledTuple ? value.items : undefined

const invalid = (message: string): RequestError => new RequestError('request_invalid', message)
