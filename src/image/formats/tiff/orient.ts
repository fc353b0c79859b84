import type { RawImage } from '../../raw-image.ts'

/** Turns and mirrors a picture by an EXIF or TIFF orientation of 1 to 8; any other number leaves it as it is. */
export function orient(image: RawImage, orientation: number): RawImage {
  if (!(orientation >= 2 && orientation <= 8)) return image
  const { data, width, height, channels } = image
  const swapped = orientation >= 5
  const outWidth = swapped ? height : width
  const outHeight = swapped ? width : height
  // Which axes of the stored picture run backwards as the shown one is walked.
  const flipX = [2, 3, 7, 8].includes(orientation)
  const flipY = [3, 4, 6, 7].includes(orientation)
  const out = new Uint8Array(data.length)
  for (let y = 0, to = 0; y < outHeight; y++) {
    for (let x = 0; x < outWidth; x++) {
      const column = swapped ? y : x
      const row = swapped ? x : y
      const from =
        ((flipY ? height - 1 - row : row) * width + (flipX ? width - 1 - column : column)) * channels
      for (let c = 0; c < channels; c++) out[to++] = data[from + c]!
    }
  }
  return { data: out, width: outWidth, height: outHeight, channels }
}
