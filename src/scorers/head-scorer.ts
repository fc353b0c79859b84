import type { ImageInput } from '../image/inputs/image-input.ts'
import { takeImages } from '../image/inputs/take-image.ts'
import type { HeadKind } from '../models/kinds.ts'
import { checkOptions } from './check-options.ts'
import type { Images } from './encode/crop-queue.ts'
import { isList, type Judge, type Scorable, Scorer } from './scorer.ts'
import type { EncodeOptions, StreamOptions } from './scorer-options.ts'

/** A reward model that judges an image alone, as its record in models/kinds.ts says. */
export class HeadScorer<Input = ImageInput> extends Scorer<Input> {
  /** Scores in the model's range: a number for one image, an array for an array. Throws `ImageError`, `BackendError`. */
  score(images: readonly Scorable<Input>[], options?: EncodeOptions): Promise<number[]>
  score(image: Scorable<Input>, options?: EncodeOptions): Promise<number>
  score(
    images: Scorable<Input> | readonly Scorable<Input>[],
    options?: EncodeOptions,
  ): Promise<number | number[]>
  async score(
    images: Scorable<Input> | readonly Scorable<Input>[],
    options: EncodeOptions = {},
  ): Promise<number | number[]> {
    const one = !isList(images)
    const scores = (await this.logits(one ? [images] : images, options)).map((logit) => this.#score(logit))
    return one ? scores[0]! : scores
  }

  /** What the score is made of (HP: what goes into the sigmoid): unbounded, one an image. Throws as `score`. */
  async logits(images: readonly Scorable<Input>[], options: EncodeOptions = {}): Promise<number[]> {
    return (await this.encodeAll(images, options)).map(({ logit }) => logit!)
  }

  /** Scores images as they come, in order, with bounded memory. Throws as `score`; `onImageError` takes images that cannot be read. */
  scoreStream(
    images: Images<Scorable<Input>>,
    options: StreamOptions = {},
  ): AsyncGenerator<{ index: number; score: number; logit: number }> {
    checkOptions(options, 'scoreStream')
    return this.#scoreEach(takeImages(images, options.transfer), { ...options })
  }

  async *#scoreEach(
    images: Images<Scorable<Input>>,
    options: StreamOptions,
  ): AsyncGenerator<{ index: number; score: number; logit: number }> {
    for await (const { index, image } of this.encodeEach(images, options)) {
      yield { index, score: this.#score(image.logit!), logit: image.logit! }
    }
  }

  /** Image embeddings as the tower gives them, not normalised: float32, one of `projectionDim` values (HP: 1024) an image. */
  async embedImages(
    images: readonly Scorable<Input>[],
    options: EncodeOptions = {},
  ): Promise<Float32Array[]> {
    return (await this.encodeAll(images, options)).map(({ embeds }) => embeds)
  }

  override async judge(): Promise<Judge> {
    return ({ logit }) => ({ scores: [this.#score(logit!)], logit: logit! })
  }

  #score(logit: number): number {
    return (this.kind as HeadKind).fromLogit(logit)
  }
}
