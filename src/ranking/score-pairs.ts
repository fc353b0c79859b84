import { InputError, show } from '../base/errors.ts'
import type { ImageInput } from '../image/inputs/image-input.ts'
import { takeImage } from '../image/inputs/take-image.ts'
import { checkOptions } from '../scorers/check-options.ts'
import type { Images } from '../scorers/encode/crop-queue.ts'
import { encodeStream } from '../scorers/encode/encode-stream.ts'
import type { Scorable } from '../scorers/scorer.ts'
import type { StreamOptions } from '../scorers/scorer-options.ts'
import type { Scores } from './combine.ts'
import { PromptJudges } from './prompt-judges.ts'
import { requireScorers, type ScorersOption } from './score-images.ts'

/** An image and the prompt that it is to be scored with. */
export interface ImagePair<Input = ImageInput> {
  readonly image: Scorable<Input>
  readonly prompt: string
}

export type ImagePairs<Input = ImageInput> = Images<ImagePair<Input>>

/** {@link scorePairs}, for a platform whose users call `Input` an image. */
export type ScorePairs<Input> = (
  pairs: ImagePairs<Input>,
  options: ScorersOption & StreamOptions,
) => AsyncGenerator<{ index: number; scores: Scores }>

/**
 * Scores each image with its own prompt, as they come and in their order. Every image is decoded once, every distinct prompt
 * encoded once (of more than some thousand, those that were not met for longest are forgotten); of a stream no more is held
 * than a few batches. Throws `InputError`, `ImageError` for an image that cannot be read (unless `onImageError` takes it) and
 * `BackendError`.
 */
export async function* scorePairs(
  pairs: ImagePairs,
  options: ScorersOption & StreamOptions,
): AsyncGenerator<{ index: number; scores: Scores }> {
  checkOptions(options, 'scorePairs')
  const scorers = requireScorers(options, 'scorePairs')
  const { signal, onProgress, onImageError, total } = options
  const source = sourceOf(pairs, options.transfer)
  const judges = new PromptJudges(scorers)
  const encoders = scorers.map(({ vision }) => vision)
  const stream = { signal, onProgress, onImageError, total: source.total ?? total }
  for await (const { index, encoded } of encodeStream(encoders, source.images, stream)) {
    const prompt = source.promptOf(index)
    if (!judges.knows(prompt)) await judges.learn(source.promptsFrom(index, judges.ahead), { signal })
    yield { index, scores: judges.judge(prompt, encoded) }
  }
}

/** The images of pairs, and the prompts of those that are under way. */
interface PairSource {
  readonly images: Images
  readonly total?: number
  promptOf(index: number): string
  /** From there on: as many as are asked for, or as are known. */
  promptsFrom(index: number, count: number): readonly string[]
}

function sourceOf(pairs: ImagePairs, transfer: boolean | undefined): PairSource {
  if (Array.isArray(pairs)) return listed(pairs as readonly ImagePair[], transfer)
  if (
    typeof pairs !== 'object' ||
    pairs === null ||
    ArrayBuffer.isView(pairs) ||
    !(Symbol.iterator in pairs || Symbol.asyncIterator in pairs)
  )
    throw new InputError(
      'input_invalid_option',
      `scorePairs takes a list or stream of { image, prompt }, not ${show(pairs)}.`,
    )
  return streamed(pairs)
}

/** A list as it is now; all its prompts are known. */
function listed(given: readonly ImagePair[], transfer: boolean | undefined): PairSource {
  const pairs = Array.from(given, checkedPair)
  const images = pairs.map(({ image }) => takeImage(image, transfer))
  return {
    images,
    total: images.length,
    promptOf: (index) => pairs[index]!.prompt,
    promptsFrom: (index, count) => pairs.slice(index, index + count).map(({ prompt }) => prompt),
  }
}

/** What a stream has given and nobody has scored yet. */
function streamed(pairs: ImagePairs): PairSource {
  const asked = new Map<number, string>()
  let given = 0
  const imageOf = (value: ImagePair): Scorable => {
    const { image, prompt } = checkedPair(value, given)
    asked.set(given++, prompt)
    return image
  }
  return {
    images:
      Symbol.asyncIterator in pairs
        ? (async function* () {
            for await (const pair of pairs) yield imageOf(pair)
          })()
        : (function* () {
            for (const pair of pairs) yield imageOf(pair)
          })(),
    promptOf: (index) => {
      // Answers come in order, so what lies before is done, or could not be read.
      for (const before of asked.keys()) {
        if (before >= index) break
        asked.delete(before)
      }
      return asked.get(index)!
    },
    promptsFrom: () => [...asked.values()],
  }
}

function checkedPair(pair: unknown, index: number): ImagePair {
  const prompt = (pair as Partial<ImagePair> | null | undefined)?.prompt
  if (typeof prompt === 'string') return pair as ImagePair
  throw new InputError(
    'input_not_a_string',
    `The prompt of pair ${index} is ${show(prompt)} (${typeof prompt}); a prompt is a string.`,
    { index },
  )
}
