import { InputError } from '../base/errors.ts'
import type { ImageInput } from '../image/inputs/image-input.ts'
import { takeImages } from '../image/inputs/take-image.ts'
import { l2Normalise } from '../models/embeddings.ts'
import type { TextKind } from '../models/kinds.ts'
import type { ClipTokenizer } from '../text/clip-tokenizer.ts'
import { checkOptions } from './check-options.ts'
import type { Images } from './encode/crop-queue.ts'
import type { TextEncoder } from './encode/text-encoder.ts'
import type { ScorerParts } from './load/load-scorer.ts'
import { isList, type Judge, type Scorable, Scorer } from './scorer.ts'
import type { EncodeOptions, StreamOptions } from './scorer-options.ts'

export interface TextScorerParts extends ScorerParts {
  readonly text: TextEncoder
}

/** A reward model that compares images with prompts, as its record in models/kinds.ts says. */
export class TextScorer<Input = ImageInput> extends Scorer<Input> {
  readonly tokenizer: ClipTokenizer
  readonly #text: TextEncoder

  /** From finished parts; `fromPretrained` loads them. */
  constructor(parts: TextScorerParts) {
    super(parts)
    this.#text = parts.text
    this.tokenizer = parts.text.tokenizer
  }

  /** The text tower with its tokenizer: for callers that batch what many ask. */
  get text(): TextEncoder {
    void this.vision // throws where the scorer was disposed
    return this.#text
  }

  /**
   * Scores in the model's range. One image and one prompt give a number; many images with one prompt, or with as many prompts
   * (pairwise), give an array. Throws `InputError` (`input_length_mismatch`, `input_not_a_string`), `ImageError`,
   * `BackendError`.
   */
  score(
    images: readonly Scorable<Input>[],
    prompts: string | readonly string[],
    options?: EncodeOptions,
  ): Promise<number[]>
  score(image: Scorable<Input>, prompt: string, options?: EncodeOptions): Promise<number>
  score(
    images: Scorable<Input> | readonly Scorable<Input>[],
    prompt: string,
    options?: EncodeOptions,
  ): Promise<number | number[]>
  async score(
    images: Scorable<Input> | readonly Scorable<Input>[],
    prompts: string | readonly string[],
    options: EncodeOptions = {},
  ): Promise<number | number[]> {
    checkOptions(options, 'score')
    const one = !isList(images)
    const list = takeImages(one ? [images] : images, options.transfer)
    const pairwise = Array.isArray(prompts)
    const texts: readonly string[] = pairwise ? [...prompts] : [prompts as string]
    if (pairwise && (one || texts.length !== list.length)) {
      throw new InputError(
        'input_length_mismatch',
        `${list.length} image(s) cannot be paired with a list of ${texts.length} prompt(s). Pass one prompt an image, ` +
          'one prompt for all, or use matrix(images, prompts) for every pair.',
        { images: list.length, prompts: texts.length },
      )
    }
    const textEmbeds = await this.embedTexts(texts, options)
    const imageEmbeds = await this.embedImages(list, options)
    const scores = imageEmbeds.map((embeds, i) => this.similarity(textEmbeds[pairwise ? i : 0]!, embeds))
    return one ? scores[0]! : scores
  }

  /**
   * Scores of every pair, images × prompts: `[image][prompt]`. Each image and each prompt is encoded once. Throws as `score`.
   */
  async matrix(
    images: readonly Scorable<Input>[],
    prompts: readonly string[],
    options: EncodeOptions = {},
  ): Promise<number[][]> {
    checkOptions(options, 'matrix')
    if (!Array.isArray(images) || !Array.isArray(prompts)) {
      throw new InputError(
        'input_invalid_option',
        'matrix takes a list of images and a list of prompts. For single ones use score.',
      )
    }
    const list = takeImages(images, options.transfer)
    const textEmbeds = await this.embedTexts([...prompts], options)
    const imageEmbeds = await this.embedImages(list, options)
    return imageEmbeds.map((image) => textEmbeds.map((text) => this.similarity(text, image)))
  }

  /**
   * Scores images against one prompt as they come, in order, with bounded memory. Throws as `score`; `onImageError` takes
   * images that cannot be read.
   */
  scoreStream(
    images: Images<Scorable<Input>>,
    prompt: string,
    options: StreamOptions = {},
  ): AsyncGenerator<{ index: number; score: number }> {
    checkOptions(options, 'scoreStream')
    return this.#scoreEach(takeImages(images, options.transfer), prompt, { ...options })
  }

  async *#scoreEach(
    images: Images<Scorable<Input>>,
    prompt: string,
    options: StreamOptions,
  ): AsyncGenerator<{ index: number; score: number }> {
    const [text] = await this.embedTexts([prompt], options)
    for await (const { index, image } of this.encodeEach(images, options)) {
      yield { index, score: this.similarity(text!, l2Normalise(image.embeds)) }
    }
  }

  /** The score, in the model's range, of L2-normalised embeddings that were made before. */
  similarity(text: Float32Array, image: Float32Array): number {
    return (this.kind as TextKind).similarity(text, image)
  }

  override async judge(prompts: readonly string[], options: EncodeOptions = {}): Promise<Judge> {
    const texts = await this.embedTexts(prompts, options)
    return ({ embeds }, prompt) => {
      const image = l2Normalise(embeds)
      const asked = prompt === undefined ? texts : [texts[prompt]!]
      return { scores: asked.map((text) => this.similarity(text, image)) }
    }
  }

  /** L2-normalised image embeddings: float32, one of `projectionDim` values (ICT: 1024) an image. Throws `ImageError`, `BackendError`. */
  async embedImages(
    images: readonly Scorable<Input>[],
    options: EncodeOptions = {},
  ): Promise<Float32Array[]> {
    return (await this.encodeAll(images, options)).map(({ embeds }) => l2Normalise(embeds))
  }

  /** L2-normalised text embeddings, of as many values as an image's. Throws `InputError` `input_not_a_string`, `BackendError`. */
  async embedTexts(prompts: readonly string[], options: EncodeOptions = {}): Promise<Float32Array[]> {
    return (await this.text.encode(prompts, options)).map(l2Normalise)
  }
}
