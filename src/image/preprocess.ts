import { ImageError, show } from '../base/errors.ts'
import type { RawImage } from './raw-image.ts'
import { type ResizeEngine, resizeWindow } from './resize/resize.ts'

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

/**
 * `pixel_values` of decoded pixels, equal bit for bit to transformers' `CLIPImageProcessor` on Pillow.
 * Throws `ImageError` `image_zero_size` or `image_invalid_raw`.
 */
export function preprocess(image: RawImage, config: PreprocessConfig = CLIP_PREPROCESS): PixelValues {
  return normalise(cropImage(image, config), config)
}

/**
 * Resizes the shortest edge to `spec.size` (the longest in proportion, rounded down) with Pillow's antialiased bicubic
 * and cuts the square out of the middle. Throws `ImageError` `image_zero_size` or `image_invalid_raw`.
 * `engine` is for tests and benchmarks: both give the same bytes.
 */
export function cropImage(image: RawImage, spec: CropSpec, engine?: ResizeEngine): ImageCrop {
  checkRawImage(image)
  const { size } = spec
  const { width, height } = image
  const short = Math.min(width, height)
  const outWidth = Math.floor((size * width) / short)
  const outHeight = Math.floor((size * height) / short)
  const window = {
    left: Math.floor((outWidth - size) / 2),
    top: Math.floor((outHeight - size) / 2),
    width: size,
    height: size,
  }
  return { data: resizeWindow(image, outWidth, outHeight, window, engine), size, width, height }
}

/** A crop's `pixel_values`: (v / 255 - mean) / std, channel by channel, in the float32 arithmetic of the reference. */
export function normalise(crop: ImageCrop, config: PreprocessConfig = CLIP_PREPROCESS): PixelValues {
  const data = new Float32Array(3 * crop.size * crop.size)
  normaliseInto(crop, config, data, 0)
  return { data, dims: [3, crop.size, crop.size] }
}

/** As {@link normalise}, written into a batch from `offset` (in values) on. */
export function normaliseInto(
  crop: ImageCrop,
  config: PreprocessConfig,
  target: Float32Array,
  offset: number,
): void {
  const table = normaliseTable(config)
  const { data } = crop
  const plane = crop.size * crop.size
  if (offset < 0 || offset + 3 * plane > target.length) {
    throw new RangeError(
      `A crop of ${crop.size}² does not fit at ${offset} of a batch of ${target.length} values.`,
    )
  }
  for (
    let i = 0, p = 0, red = offset, green = offset + plane, blue = offset + 2 * plane;
    i < plane;
    i++, p += 3
  ) {
    target[red++] = table[data[p]!]!
    target[green++] = table[256 + data[p + 1]!]!
    target[blue++] = table[512 + data[p + 2]!]!
  }
}

const tables = new WeakMap<PreprocessConfig, Float32Array>()

/** All 3 × 256 values there are. Rescaling is done in float64 and rounded, the rest in float32, as numpy does it there. */
function normaliseTable(config: PreprocessConfig): Float32Array {
  let table = tables.get(config)
  if (table) return table
  table = new Float32Array(3 * 256)
  for (let channel = 0; channel < 3; channel++) {
    const mean = Math.fround(config.mean[channel]!)
    const std = Math.fround(config.std[channel]!)
    for (let v = 0; v < 256; v++) {
      table[channel * 256 + v] = Math.fround(Math.fround(Math.fround(v * (1 / 255)) - mean) / std)
    }
  }
  tables.set(config, table)
  return table
}

/** Throws `ImageError` (`image_zero_size`, `image_invalid_raw`) unless `image` is what its type says. */
export function checkRawImage(image: RawImage): void {
  const { data, width, height, channels } = image ?? {}
  const invalid = (why: string): ImageError =>
    new ImageError(
      'image_invalid_raw',
      `The raw image is not valid: ${why}. Give { data, width, height, channels } with 8 bits a channel, row by row.`,
      { width, height, channels, length: (data as Uint8Array | undefined)?.length },
    )
  // Seen by its tag, not its class: arrays of another realm (Jest's) will do.
  if (!/^\[object Uint8(Clamped)?Array\]$/.test(Object.prototype.toString.call(data)))
    throw invalid('data is not a Uint8Array')
  for (const [name, value] of Object.entries({ width, height })) {
    if (!Number.isInteger(value) || value < 0) throw invalid(`its ${name} is ${show(value)}`)
  }
  if (![1, 2, 3, 4].includes(channels)) throw invalid(`channels is ${show(channels)}, not 1, 2, 3 or 4`)
  if (width === 0 || height === 0) {
    throw new ImageError(
      'image_zero_size',
      `The image is ${width}×${height} pixels: there is nothing to see in it.`,
      {
        width,
        height,
      },
    )
  }
  if (data.length !== width * height * channels) {
    throw invalid(
      `${width} × ${height} × ${channels} channels needs ${width * height * channels} bytes, data has ${data.length}`,
    )
  }
}
