import { ImageError } from '../../../base/errors.ts'
import { unreadable } from '../../image-errors.ts'
import type { Libtiff } from './libtiff/libtiff-directory.ts'
import type { LibtiffParts, Part } from './libtiff/libtiff-parts.ts'
import { isBlocked } from './libtiff/libtiff-sizes.ts'
import { notRead } from './pillow-setup.ts'

/**
 * YCbCr that does not come as JPEG, turned into RGB as libtiff's `TIFFRGBAImage` does it (`tif_getimage.c`): chroma is repeated,
 * not smoothed. libtiff draws what it has of a damaged strip; so does Pillow, and so is done here.
 */
export async function readYcbcr(parts: LibtiffParts): Promise<Uint8Array> {
  const { tif } = parts
  const { width, height, planar, samples, bits, subsampling } = tif
  if (bits !== 8 || samples !== 3 || (!planar && !isBlocked(tif)))
    throw notRead(`YCbCr of ${samples} samples of ${bits} bits`)
  const [across, down] = planar ? ([1, 1] as const) : subsampling
  if (planar && (subsampling[0] !== 1 || subsampling[1] !== 1)) throw notRead('subsampled YCbCr in planes')
  if (across === 1 && down === 4) throw notRead('YCbCr sampled 1×4')
  if (across === 2 && down === 4) throw notRead('YCbCr sampled 2×4')
  const out = new Uint8Array(width * height * 3)
  const colours = new YcbcrTables(tif)
  const { tiled, tileWidth, tileHeight, rowsPerStrip } = tif
  const partWidth = tiled ? tileWidth : width
  const partHeight = tiled ? tileHeight : Math.min(rowsPerStrip, height)
  for (let y = 0; y < height; y += partHeight) {
    for (let x = 0; x < width; x += partWidth) {
      const rows = Math.min(partHeight, height - y)
      const columns = Math.min(partWidth, width - x)
      const planes: Uint8Array[] = []
      for (let plane = 0; plane < (planar ? 3 : 1); plane++)
        planes.push(await readPlane(parts, x, y, plane, rows))
      const target = { out, width, x, y, columns, rows }
      if (planar) colours.drawPlanes(planes, partWidth, target)
      else colours.drawBlocks(planes[0]!, partWidth, across, down, target)
    }
  }
  return out
}

/** What lies outside the file is 0, but for the first that is read of its rows. */
async function readPlane(
  parts: LibtiffParts,
  x: number,
  y: number,
  plane: number,
  rows: number,
): Promise<Uint8Array> {
  try {
    return (await readPart(parts, x, y, plane, rows)).data
  } catch (error) {
    const outside = error instanceof ImageError && error.code === 'image_truncated'
    if (!outside || (x === 0 && plane === 0)) throw error
    const { tiled, tileHeight } = parts.tif
    return new Uint8Array(parts.sizes.part(tiled ? tileHeight : rows))
  }
}

async function readPart(
  parts: LibtiffParts,
  x: number,
  y: number,
  plane: number,
  rows: number,
): Promise<Part> {
  const { tif, sizes } = parts
  const index = parts.find(x, y, plane)
  if (tif.tiled) return parts.read(index, sizes.part(tif.tileHeight), tif.tileHeight)
  const down = tif.planar ? 1 : tif.subsampling[1]
  // Lines of a block share its bytes; what is left over by that is not read.
  const wanted = Math.ceil(rows / down) * down * sizes.line
  const there = sizes.part(rows)
  const part = await parts.read(index, Math.min(wanted, there), rows)
  if (part.data.length === there) return part
  const data = new Uint8Array(there)
  data.set(part.data)
  return { ...part, data }
}

interface Target {
  readonly out: Uint8Array
  readonly width: number
  readonly x: number
  readonly y: number
  readonly columns: number
  readonly rows: number
}

/** The tables of `TIFFYCbCrToRGBInit`: floats of 32 bits, then whole numbers of 16 bits behind the point. */
class YcbcrTables {
  readonly #y = new Int32Array(256)
  readonly #crRed = new Int32Array(256)
  readonly #cbBlue = new Int32Array(256)
  readonly #crGreen = new Int32Array(256)
  readonly #cbGreen = new Int32Array(256)

  constructor({ luma, blackWhite }: Libtiff) {
    const [red, green, blue] = luma as [number, number, number]
    const limits = blackWhite as [number, number, number, number, number, number]
    if (!(green !== 0 && luma.every((value) => !Number.isNaN(value)))) {
      throw unreadable('TIFF', 'its luma coefficients are no numbers')
    }
    if (!limits.every((value) => value > -0x7fffff7f && value < 0x7fffffff)) {
      throw unreadable('TIFF', 'its reference black and white are no numbers')
    }
    const f = Math.fround
    const fix = (x: number): number => Math.trunc(f(Math.max(0, Math.min(2, x || 0)) * 65536) + 0.5)
    const f1 = f(2 - f(2 * red))
    const d1 = fix(f1)
    const d2 = -fix(f(f(red * f1) / green))
    const f3 = f(2 - f(2 * blue))
    const d3 = fix(f3)
    const d4 = -fix(f(f(blue * f3) / green))
    const value = (code: number, black: number, white: number, range: number): number => {
      const span = f(white - black)
      const scaled = f(f(f(code - Math.trunc(black)) * range) / (span === 0 ? 1 : span))
      return Math.trunc(Math.max(-4096, Math.min(4096, scaled)))
    }
    for (let i = 0; i < 256; i++) {
      const cr = value(i - 128, f(limits[4] - 128), f(limits[5] - 128), 127)
      const cb = value(i - 128, f(limits[2] - 128), f(limits[3] - 128), 127)
      this.#crRed[i] = (d1 * cr + 32768) >> 16
      this.#cbBlue[i] = (d3 * cb + 32768) >> 16
      this.#crGreen[i] = d2 * cr
      this.#cbGreen[i] = d4 * cb + 32768
      this.#y[i] = value(i, limits[0], limits[1], 255)
    }
  }

  #draw(out: Uint8Array, to: number, luma: number, cb: number, cr: number): void {
    const y = this.#y[luma]!
    const green = y + ((this.#cbGreen[cb]! + this.#crGreen[cr]!) >> 16)
    out[to] = clamp(y + this.#crRed[cr]!)
    out[to + 1] = clamp(green)
    out[to + 2] = clamp(y + this.#cbBlue[cb]!)
  }

  drawPlanes(
    planes: readonly Uint8Array[],
    stride: number,
    { out, width, x, y, columns, rows }: Target,
  ): void {
    const [luma, cb, cr] = planes as [Uint8Array, Uint8Array, Uint8Array]
    for (let row = 0; row < rows; row++) {
      const to = ((y + row) * width + x) * 3
      for (let i = 0, at = row * stride; i < columns; i++, at++) {
        this.#draw(out, to + i * 3, luma[at]!, cb[at]!, cr[at]!)
      }
    }
  }

  drawBlocks(data: Uint8Array, partWidth: number, across: number, down: number, target: Target): void {
    const { out, width, x, y, columns, rows } = target
    const block = across * down + 2
    const stride = Math.ceil(partWidth / across) * block
    for (let row = 0; row < rows; row++) {
      const to = ((y + row) * width + x) * 3
      const line = Math.floor(row / down) * stride
      const lumaLine = (row % down) * across
      for (let i = 0; i < columns; i++) {
        const at = line + Math.floor(i / across) * block
        const luma = data[at + lumaLine + (i % across)]!
        this.#draw(out, to + i * 3, luma, data[at + block - 2]!, data[at + block - 1]!)
      }
    }
  }
}

const clamp = (value: number): number => Math.max(0, Math.min(255, value))
