import type { RowReader } from './upsample.ts'

/** What the components of a picture are: `ycc` that the first three are YCbCr; `ycck` that they are inks in YCbCr. */
export type JpegColour = 'stored' | 'ycc' | 'ycck'

/**
 * Puts the rows of all components together, pixel by pixel, as libjpeg does (jdcolor.c): YCbCr turns into RGB with 16 bits
 * behind the point, YCCK into CMYK, which is 255 minus that RGB.
 */
export function joinRows(
  readers: readonly RowReader[],
  width: number,
  height: number,
  colour: JpegColour,
): Uint8Array {
  const channels = readers.length
  const out = new Uint8ClampedArray(width * height * channels)
  const flip = colour === 'ycck' ? 255 : 0
  for (let y = 0, p = 0; y < height; y++) {
    const rows = readers.map((read) => read(y))
    if (colour === 'stored') {
      for (let c = 0; c < channels; c++) {
        const row = rows[c]!
        for (let x = 0, q = p + c; x < width; x++, q += channels) out[q] = row[x]!
      }
    } else {
      const [lumas, blues, reds, blacks] = rows as [
        Uint8ClampedArray,
        Uint8ClampedArray,
        Uint8ClampedArray,
        Uint8ClampedArray?,
      ]
      for (let x = 0, q = p; x < width; x++, q += channels) {
        const luma = lumas[x]!
        const blue = blues[x]! - 128
        const red = reds[x]! - 128
        const r = luma + ((91881 * red + 32768) >> 16)
        const g = luma + ((-22554 * blue - 46802 * red + 32768) >> 16)
        const b = luma + ((116130 * blue + 32768) >> 16)
        out[q] = flip ? flip - r : r
        out[q + 1] = flip ? flip - g : g
        out[q + 2] = flip ? flip - b : b
        if (blacks) out[q + 3] = blacks[x]!
      }
    }
    p += width * channels
  }
  return new Uint8Array(out.buffer)
}
