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
  const join = joinerOf(colour, channels)
  for (let y = 0; y < height; y++) {
    const rows = readers.map((read) => read(y))
    join(rows, out, y * width * channels, width)
  }
  return new Uint8Array(out.buffer)
}

type Rows = readonly Uint8ClampedArray[]

function joinerOf(colour: JpegColour, channels: number): typeof joinStored {
  if (colour === 'stored') return joinStored
  return channels === 4 ? joinInks : joinColours
}

function joinStored(rows: Rows, out: Uint8ClampedArray, from: number, width: number): void {
  const channels = rows.length
  if (channels === 1) out.set(rows[0]!.subarray(0, width), from)
  else {
    for (let c = 0; c < channels; c++) {
      const row = rows[c]!
      for (let x = 0, q = from + c; x < width; x++, q += channels) out[q] = row[x]!
    }
  }
}

function joinColours(rows: Rows, out: Uint8ClampedArray, from: number, width: number): void {
  const [lumas, blues, reds] = rows as [Uint8ClampedArray, Uint8ClampedArray, Uint8ClampedArray]
  for (let x = 0, q = from; x < width; x++, q += 3) {
    const luma = lumas[x]!
    const blue = blues[x]!
    const red = reds[x]!
    out[q] = luma + RED_OF_RED[red]!
    out[q + 1] = luma + ((GREEN_OF_BLUE[blue]! + GREEN_OF_RED[red]!) >> 16)
    out[q + 2] = luma + BLUE_OF_BLUE[blue]!
  }
}

function joinInks(rows: Rows, out: Uint8ClampedArray, from: number, width: number): void {
  const [lumas, blues, reds, blacks] = rows as [
    Uint8ClampedArray,
    Uint8ClampedArray,
    Uint8ClampedArray,
    Uint8ClampedArray,
  ]
  for (let x = 0, q = from; x < width; x++, q += 4) {
    const rest = 255 - lumas[x]!
    const blue = blues[x]!
    const red = reds[x]!
    out[q] = rest - RED_OF_RED[red]!
    out[q + 1] = rest - ((GREEN_OF_BLUE[blue]! + GREEN_OF_RED[red]!) >> 16)
    out[q + 2] = rest - BLUE_OF_BLUE[blue]!
    out[q + 3] = blacks[x]!
  }
}

/** What a chroma sample adds to luma; to green, what two of them add together, with 16 bits behind the point. */
const shares = (of: (chroma: number) => number): Int32Array =>
  Int32Array.from({ length: 256 }, (_, i) => of(i - 128))
const RED_OF_RED = shares((red) => (91881 * red + 32768) >> 16)
const BLUE_OF_BLUE = shares((blue) => (116130 * blue + 32768) >> 16)
const GREEN_OF_BLUE = shares((blue) => -22554 * blue + 32768)
const GREEN_OF_RED = shares((red) => -46802 * red)
