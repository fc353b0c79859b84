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

  async encode(crops: readonly ImageCrop[], signal?: AbortSignal): Promise<EncodedImage[]> {
    const { tower, preprocess, projectionDim, head } = this.parts
    const { size } = preprocess
    const count = crops.length
    const pixels = new Float32Array(count * 3 * size * size)
    crops.forEach((crop, i) => normaliseInto(crop, preprocess, pixels, i * 3 * size * size))
    const outputs = await tower.run(
      { pixel_values: { dtype: 'float32', dims: [count, 3, size, size], data: pixels } },
      { image_embeds: [count, projectionDim], ...(head ? { hp_logits: [count] } : {}) },
      signal,
    )
    return crops.map((_, i) => {
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
