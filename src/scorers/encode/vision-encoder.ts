import type { DecodeOptions, ImageDecoder } from '../../image/decoder.ts'
import { type ImageCrop, normaliseInto, type PreprocessConfig } from '../../image/preprocess.ts'
import { checkNumbers } from '../scorer-options.ts'
import type { Tower } from './tower.ts'

export interface VisionEncoderParts {
  readonly tower: Tower
  readonly decoder: ImageDecoder<unknown>
  readonly preprocess: PreprocessConfig
  readonly projectionDim: number
  /** Whether the graph also gives `hp_logits`. */
  readonly head: boolean
  readonly batchSize: number
  readonly maxPixels?: number | undefined
}

/** What a vision tower says of one image. */
export interface EncodedImage {
  /** As the tower gives it, not normalised. */
  readonly embeds: Float32Array
  /** HP's logit; its sigmoid is the score. */
  readonly logit?: number
}

/** From images to embeddings: decodes and crops one at a time, encodes a batch at a time. */
export class VisionEncoder {
  /** The last run's `pixel_values`, for the next: new memory a run costs as much as filling it. */
  #room: Float32Array | undefined

  constructor(readonly parts: VisionEncoderParts) {
    checkNumbers(parts)
  }

  /** A crop that was made before is taken as it is. */
  crop(image: unknown, options: DecodeOptions = {}): Promise<ImageCrop> {
    const { decoder, preprocess, maxPixels } = this.parts
    if (isCrop(image) && image.size === preprocess.size) return Promise.resolve(image)
    return decoder.crop(image, preprocess, { maxPixels, ...options })
  }

  /** Nobody reads this crop any more. */
  forget(crop: ImageCrop): void {
    this.parts.decoder.forget?.(crop)
  }

  encode(crops: readonly ImageCrop[], signal?: AbortSignal): Promise<EncodedImage[]> {
    const { preprocess } = this.parts
    const values = this.valuesOfImage
    const fill = (pixels: Float32Array): void =>
      crops.forEach((crop, i) => normaliseInto(crop, preprocess, pixels, i * values))
    return this.encodePixels(crops.length, fill, signal)
  }

  /** Values of one image in `pixel_values`: 3 × size × size. */
  get valuesOfImage(): number {
    return 3 * this.parts.preprocess.size ** 2
  }

  /**
   * Encodes so many images. `fill` writes all of their `pixel_values`, {@link valuesOfImage} each, one after the other; the
   * array is of this call alone, and holds what was there before.
   */
  async encodePixels(
    count: number,
    fill: (pixels: Float32Array) => void,
    signal?: AbortSignal,
  ): Promise<EncodedImage[]> {
    const pixels = this.#takeRoom(count * this.valuesOfImage)
    fill(pixels)
    const encoded = await this.encodeValues(count, pixels, signal)
    // A run that failed or was given up may still be read from.
    this.#room = pixels
    return encoded
  }

  /** Encodes so many images whose `pixel_values` are there. */
  async encodeValues(count: number, pixels: Float32Array, signal?: AbortSignal): Promise<EncodedImage[]> {
    const { tower, preprocess, projectionDim, head } = this.parts
    const { size } = preprocess
    const outputs = await tower.run(
      { pixel_values: { dtype: 'float32', dims: [count, 3, size, size], data: pixels } },
      { image_embeds: [count, projectionDim], ...(head ? { hp_logits: [count] } : {}) },
      signal,
    )
    return Array.from({ length: count }, (_, i) => {
      const embeds = outputs['image_embeds']!.slice(i * projectionDim, (i + 1) * projectionDim)
      return head ? { embeds, logit: outputs['hp_logits']![i]! } : { embeds }
    })
  }

  /** Of another size where the last batch is smaller, or where a backend handed the memory on. */
  #takeRoom(length: number): Float32Array {
    const room = this.#room
    this.#room = undefined
    return room?.length === length ? room : new Float32Array(length)
  }
}

function isCrop(image: unknown): image is ImageCrop {
  const crop = image as Partial<ImageCrop> | null
  return (
    typeof crop === 'object' &&
    crop?.data instanceof Uint8Array &&
    typeof crop.size === 'number' &&
    crop.data.length === crop.size * crop.size * 3
  )
}
