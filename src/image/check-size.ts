import { ImageError } from '../base/errors.ts'

/** Refuses a picture of no pixels or of more than `maxPixels`. Throws `ImageError` `image_zero_size`, `image_too_large`. */
export function checkSize(width: number, height: number, maxPixels: number): void {
  if (!(width > 0 && height > 0)) {
    throw new ImageError(
      'image_zero_size',
      `The image is ${width}×${height} pixels: there is nothing to see in it.`,
      {
        width,
        height,
      },
    )
  }
  // A limit that is not a number lets nothing through.
  if (!(width * height <= maxPixels)) {
    throw new ImageError(
      'image_too_large',
      `The image has ${width}×${height} pixels, more than the limit of ${maxPixels}. ` +
        'Scale it down, or raise maxPixels if it is trusted.',
      { width, height, maxPixels },
    )
  }
}
