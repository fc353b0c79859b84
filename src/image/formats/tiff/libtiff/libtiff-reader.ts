import type { Inflate } from '../../../codecs/image-codecs.ts'
import { truncated, unreadable } from '../../../image-errors.ts'
import type { ByteReader } from '../../byte-reader.ts'
import { COMPRESSION, notRead, type PillowSetup } from '../pillow-setup.ts'
import type { TiffTags } from '../tiff-tags.ts'
import { channelsOf, copyBand, divideByAlpha, findUnpacker, type Unpacker } from '../unpackers.ts'
import { readYcbcr } from '../ycbcr.ts'
import { readLibtiff } from './libtiff-directory.ts'
import { LibtiffParts } from './libtiff-parts.ts'

/** Compressed samples, which Pillow has from libtiff (`TiffDecode.c`). Returns the channels of the mode, tightly packed. */
export async function readByLibtiff(
  reader: ByteReader,
  { directory }: TiffTags,
  setup: PillowSetup,
  inflate: Inflate,
): Promise<Uint8Array> {
  const tif = readLibtiff(reader, directory)
  if (tif.width !== setup.width || tif.height !== setup.height) {
    throw unreadable('TIFF', `it says that it is ${tif.width}×${tif.height} pixels, and something else`)
  }
  const unpacker = findUnpacker(setup.mode, setup.raw)
  if (!unpacker) throw notRead(`samples of ${setup.raw}`)
  const parts = new LibtiffParts(reader, tif, inflate)
  if (tif.photometric === 6 && !(tif.compression === COMPRESSION.jpeg && !tif.planar)) {
    if (setup.mode !== 'RGB') throw notRead(`YCbCr of mode ${setup.mode}`)
    return readYcbcr(parts)
  }
  return new StripReader(parts, setup, unpacker).read()
}

/** What of a mode lies in bands of its own. */
const BANDS: Readonly<Record<string, number>> = { LA: 2, PA: 2, RGB: 3, LAB: 3, RGBA: 4, CMYK: 4 }

class StripReader {
  readonly #parts: LibtiffParts
  readonly #setup: PillowSetup
  readonly #unpackers: readonly Unpacker[]
  readonly #channels: number
  readonly #out: Uint8Array

  constructor(parts: LibtiffParts, setup: PillowSetup, unpacker: Unpacker) {
    const { planar, bits } = parts.tif
    const bands = BANDS[setup.mode] ?? 1
    this.#parts = parts
    this.#setup = setup
    this.#channels = channelsOf(setup.mode)
    if (planar && bands > 1) {
      if (bits !== 8 && bits !== 16) throw notRead(`planes of ${bits} bits`)
      const bytes = bits / 8
      const channels = this.#channels
      this.#unpackers = Array.from({ length: bands }, (_, band) => ({
        bits: unpacker.bits,
        // Of gray with alpha only the gray is kept.
        unpack: band < channels ? copyBand(band, channels, bytes, bytes - 1) : (): void => {},
      }))
    } else this.#unpackers = [unpacker]
    this.#out = new Uint8Array(setup.width * setup.height * this.#channels)
  }

  async read(): Promise<Uint8Array> {
    const { tiled, extra } = this.#parts.tif
    if (tiled) await this.#readTiles()
    else await this.#readStrips()
    const { width, height, mode } = this.#setup
    if (this.#unpackers.length > 3 && mode === 'RGBA' && (extra[0] === 0 || extra[0] === 1)) {
      divideByAlpha(this.#out, 0, width * height)
    }
    return this.#out
  }

  async #readStrips(): Promise<void> {
    const { tif, sizes } = this.#parts
    const { width, height } = this.#setup
    const planes = this.#unpackers.length
    // As Pillow: without the tag a strip is as high as the picture.
    const rowsPerStrip = tif.rowsPerStrip === 0xffffffff ? height : tif.rowsPerStrip
    const most = Math.min(rowsPerStrip, height)
    const lineBytes = Math.floor((Math.floor((width * this.#unpackers[0]!.bits) / planes) + 7) / 8)
    if (sizes.part(most) > lineBytes * rowsPerStrip || lineBytes > sizes.line) throw mismatch()
    for (let y = 0; y < height; y += rowsPerStrip) {
      const rows = Math.min(rowsPerStrip, height - y)
      for (let plane = 0; plane < planes; plane++) {
        await this.#draw(
          this.#parts.find(0, y, plane),
          plane,
          0,
          y,
          width,
          rows,
          sizes.part(rows),
          sizes.line,
        )
      }
    }
  }

  async #readTiles(): Promise<void> {
    const { tif, sizes } = this.#parts
    const { width, height } = this.#setup
    const { tileWidth, tileHeight } = tif
    const planes = this.#unpackers.length
    const size = sizes.part(tileHeight)
    const columnBytes = Math.floor((Math.floor((tileHeight * this.#unpackers[0]!.bits) / planes) + 7) / 8)
    if (size > columnBytes * tileWidth) throw mismatch()
    for (let y = 0; y < height; y += tileHeight) {
      for (let plane = 0; plane < planes; plane++) {
        for (let x = 0; x < width; x += tileWidth) {
          const columns = Math.min(tileWidth, width - x)
          const index = this.#parts.find(x, y, plane)
          await this.#draw(
            index,
            plane,
            x,
            y,
            columns,
            Math.min(tileHeight, height - y),
            size,
            sizes.tileLine,
          )
        }
      }
    }
  }

  async #draw(
    index: number,
    plane: number,
    x: number,
    y: number,
    columns: number,
    rows: number,
    size: number,
    lineBytes: number,
  ): Promise<void> {
    const { tif } = this.#parts
    const part = await this.#parts.read(index, size, tif.tiled ? tif.tileHeight : rows)
    if (!part.whole) throw truncated('TIFF', 'a strip or tile of its pixels is too short, or damaged')
    const { unpack } = this.#unpackers[plane]!
    for (let row = 0; row < rows; row++) {
      const to = ((y + row) * this.#setup.width + x) * this.#channels
      unpack(this.#out, to, part.data, row * lineBytes, columns)
    }
  }
}

const mismatch = (): Error => unreadable('TIFF', 'its strips have other sizes than its samples')
