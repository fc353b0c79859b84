import type { DecodeOptions, ImageDecoder } from '../image/decoder.ts'
import { type ImageCrop, normaliseInto, type PreprocessConfig } from '../image/preprocess.ts'
import { checkNumbers } from './scorer-options.ts'
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
  constructor(readonly parts: VisionEncoderParts) {
    checkNumbers(parts)
  }

  /** A crop that was made before is taken as it is. */
  crop(image: unknown, options: DecodeOptions = {}): Promise<ImageCrop> {
    const { decoder, preprocess, maxPixels } = this.parts
    if (isCrop(image) && image.size === preprocess.size) return Promise.resolve(image)
    return decoder.crop(image, preprocess, { maxPixels, ...options })
  }

  encode(crops: readonly ImageCrop[], signal?: AbortSignal): Promise<EncodedImage[]> {
    const { preprocess } = this.parts
    const values = this.valuesOfImage
    const pixels = new Float32Array(crops.length * values)
    crops.forEach((crop, i) => normaliseInto(crop, preprocess, pixels, i * values))
    return this.encodePixels(pixels, signal)
  }

  /** Values of one image in `pixel_values`: 3 × size × size. */
  get valuesOfImage(): number {
    return 3 * this.parts.preprocess.size ** 2
  }

  /** From `pixel_values` of one or more images, {@link valuesOfImage} each, one after the other. */
  async encodePixels(pixels: Float32Array, signal?: AbortSignal): Promise<EncodedImage[]> {
    const { tower, preprocess, projectionDim, head } = this.parts
    const { size } = preprocess
    const count = pixels.length / this.valuesOfImage
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
