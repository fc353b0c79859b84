import { InputError, show } from '../base/errors.ts'
import type { ImageInput } from '../image/inputs/image-input.ts'
import { takeImages } from '../image/inputs/take-image.ts'
import type { ImageCrop } from '../image/preprocess.ts'
import { kindNamed, type RewardKind } from '../models/kinds.ts'
import { checkOptions } from './check-options.ts'
import type { Images } from './encode/crop-queue.ts'
import { encodeStream } from './encode/encode-stream.ts'
import type { EncodedImage, VisionEncoder } from './encode/vision-encoder.ts'
import type { ScorerParts } from './load/load-scorer.ts'
import type { EncodeOptions, ScorerInfo, StreamOptions } from './scorer-options.ts'

/** What a model says of an encoded image: a score a prompt (or of the one asked for), or one where it takes none. */
export type Judge = (
  image: EncodedImage,
  prompt?: number,
) => { readonly scores: readonly number[]; readonly logit?: number }

/** What a scorer takes for an image: what its platform does, and crops that were made before. */
export type Scorable<Input = ImageInput> = Input | ImageCrop

/** What all reward models have in common: a record, a vision tower, and an end. `Input` is what its platform calls an image. */
export abstract class Scorer<Input = ImageInput> {
  /** What runs, to be shown beside the numbers. */
  readonly info: ScorerInfo
  /** The record of the reward model. */
  readonly kind: RewardKind
  readonly #parts: ScorerParts
  #disposing: Promise<void> | undefined

  constructor(parts: ScorerParts) {
    if (typeof parts?.info?.kind !== 'string')
      throw new InputError(
        'input_invalid_option',
        `A scorer is made of finished parts, not of ${show(parts)}. Load one with fromPretrained.`,
      )
    this.#parts = parts
    this.info = parts.info
    this.kind = kindNamed(parts.info.kind)
  }

  /** The vision tower with its preprocessing: for callers that feed several scorers from one pass over the images. */
  get vision(): VisionEncoder {
    if (this.#disposing) {
      throw new InputError(
        'input_disposed',
        `This ${this.kind.label} scorer was disposed. Load it again with fromPretrained.`,
      )
    }
    return this.#parts.vision
  }

  /**
   * Encodes the prompts, once each, and gives what scores encoded images with them: for callers that feed several scorers
   * from one pass over the images.
   */
  abstract judge(prompts: readonly string[], options?: EncodeOptions): Promise<Judge>

  /** Frees the model's memory and ends its threads. Idempotent. */
  dispose(): Promise<void> {
    return (this.#disposing ??= (async () => {
      for (const part of this.#parts.owned) await part.dispose()
    })())
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose()
  }

  protected async encodeAll(
    images: readonly Scorable<Input>[],
    options: EncodeOptions,
  ): Promise<EncodedImage[]> {
    checkOptions(options, 'a scorer')
    const encoded: EncodedImage[] = []
    for await (const {
      encoded: [image],
    } of encodeStream([this.vision], takeImages(images, options.transfer), options))
      encoded.push(image!)
    return encoded
  }

  protected async *encodeEach(
    images: Images<Scorable<Input>>,
    options: StreamOptions,
  ): AsyncGenerator<{ index: number; image: EncodedImage }> {
    for await (const { index, encoded } of encodeStream([this.vision], images, options))
      yield { index, image: encoded[0]! }
  }
}

/** As `Array.isArray`, which takes lists that cannot be changed for none. */
export const isList: <T>(value: T | readonly T[]) => value is readonly T[] = Array.isArray as never
