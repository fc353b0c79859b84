import { scaleInk } from '../../cmyk.ts'

/**
 * What the components of a picture are, and what becomes of them. `stored`: they stay; `ycc`: YCbCr, to RGB; `inks` and `ycck`:
 * CMYK, plain or with three inks in YCbCr, to RGB.
 */
export type JpegColour = 'stored' | 'ycc' | 'inks' | 'ycck'

/** Rows of all components, in the picture's full size. */
type Rows = readonly Uint8ClampedArray[]

/** Puts the rows of all components together, pixel by pixel, in `out` from `from` on. */
export type JoinRows = (rows: Rows, out: Uint8ClampedArray, from: number, width: number) => void

export const JOINERS: Readonly<Record<JpegColour, JoinRows>> = {
  stored: joinStored,
  ycc: joinColours,
  inks(rows, out, from, width) {
    joinInverted(rows, out, from, width)
    takeInks(rows[3]!, out, from, width)
  },
  ycck(rows, out, from, width) {
    joinColours(rows, out, from, width)
    takeInks(rows[3]!, out, from, width)
  },
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

/** As libjpeg does it (jdcolor.c), with 16 bits behind the point. */
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

/** Pillow takes all inks for inverted, as Adobe's programs write them. */
function joinInverted(rows: Rows, out: Uint8ClampedArray, from: number, width: number): void {
  for (let c = 0; c < 3; c++) {
    const row = rows[c]!
    for (let x = 0, q = from + c; x < width; x++, q += 3) out[q] = 255 - row[x]!
  }
}

/** Takes the inks in `out` from the light that black lets through. */
function takeInks(light: Uint8ClampedArray, out: Uint8ClampedArray, from: number, width: number): void {
  for (let x = 0, q = from; x < width; x++, q += 3) {
    const most = light[x]!
    out[q] = most - scaleInk(out[q]!, most)
    out[q + 1] = most - scaleInk(out[q + 1]!, most)
    out[q + 2] = most - scaleInk(out[q + 2]!, most)
  }
}

/** What a chroma sample adds to luma; to green, what two of them add together, with 16 bits behind the point. */
const shares = (of: (chroma: number) => number): Int32Array =>
  Int32Array.from({ length: 256 }, (_, i) => of(i - 128))
const RED_OF_RED = shares((red) => (91881 * red + 32768) >> 16)
const BLUE_OF_BLUE = shares((blue) => (116130 * blue + 32768) >> 16)
const GREEN_OF_BLUE = shares((blue) => -22554 * blue + 32768)
const GREEN_OF_RED = shares((red) => -46802 * red)
