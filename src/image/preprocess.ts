import type { RawImage } from './raw-image.ts'

/** What a vision tower wants to see: CLIP's preprocessing, as `preprocessor_config.json` says it. */
export interface PreprocessConfig extends CropSpec {
  /** A channel's mean and standard deviation, of values in 0…1. */
  readonly mean: readonly [number, number, number]
  readonly std: readonly [number, number, number]
}

export interface CropSpec {
  /** Side of the square crop in pixels; the shortest edge is resized to it. */
  readonly size: number
}

/** The resized, centre-cropped picture: size × size × 3, uint8, before normalisation. */
export interface ImageCrop {
  readonly data: Uint8Array
  readonly size: number
  /** Of the picture before resizing. */
  readonly width: number
  readonly height: number
}

/** `pixel_values` of one picture: float32, 3 × size × size. */
export interface PixelValues {
  readonly data: Float32Array
  readonly dims: readonly [3, number, number]
}

export const CLIP_PREPROCESS: PreprocessConfig = {
  size: 224,
  mean: [0.48145466, 0.4578275, 0.40821073],
  std: [0.26862954, 0.26130258, 0.27577711],
}

// To be written in this file: cropImage(image: RawImage, spec): ImageCrop; normalise(crop, config): PixelValues
// (also a form that writes into a batch); preprocess(image: RawImage, config = CLIP_PREPROCESS): PixelValues.
export declare function preprocess(image: RawImage, config?: PreprocessConfig): PixelValues
