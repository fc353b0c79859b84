import type { Inflate } from '../../../codecs/image-codecs.ts'
import { truncated, unreadable } from '../../../image-errors.ts'
import type { ByteReader } from '../../byte-reader.ts'
import type { Codec } from '../compression/codec.ts'
import { codecOf } from '../compression/codecs.ts'
import { OldJpeg } from '../compression/old-jpeg/old-jpeg.ts'
import { makeUndo } from '../compression/predictor.ts'
import { jpegSampling } from '../compression/tiff-jpeg.ts'
import { COMPRESSION } from '../pillow-setup.ts'
import type { Libtiff } from './libtiff-directory.ts'
import { type LibtiffSizes, libtiffSizes } from './libtiff-sizes.ts'

/** A strip or tile. */
export interface Part {
  readonly data: Uint8Array
  /** False where it is damaged; what could be read is there. */
  readonly whole: boolean
}

/** The strips or tiles of a picture, decompressed one by one; samples of 16 and 32 bits with the low byte first. */
export class LibtiffParts {
  readonly tif: Libtiff
  readonly sizes: LibtiffSizes
  readonly #reader: ByteReader
  readonly #codec: Codec
  readonly #oldJpeg: OldJpeg | undefined
  readonly #undo: ((data: Uint8Array) => boolean) | undefined

  constructor(reader: ByteReader, tif: Libtiff, inflate: Inflate) {
    this.#reader = reader
    this.tif = tif
    if (tif.compression === COMPRESSION.jpeg && tif.photometric === 6 && !tif.planar && tif.samples === 3) {
      const first = reader.bytes.subarray(tif.offsets[0], tif.offsets[0]! + tif.counts[0]!)
      tif.subsampling = jpegSampling(first, 3) ?? tif.subsampling
      if (!tif.subsampling.every((each) => [1, 2, 4].includes(each))) {
        throw unreadable('TIFF', `its chroma is sampled ${tif.subsampling.join('×')}`)
      }
    }
    const oldJpeg = tif.compression === COMPRESSION.oldJpeg ? new OldJpeg(reader.bytes, tif) : undefined
    this.sizes = libtiffSizes(tif)
    const rowBytes = tif.tiled ? this.sizes.tileLine : this.sizes.line
    if (!(rowBytes > 0)) throw unreadable('TIFF', 'its lines have no size')
    this.#oldJpeg = oldJpeg
    this.#codec = codecOf(tif, rowBytes, inflate)
    this.#undo = this.#codec.predicts ? makeUndo(tif, rowBytes) : undefined
  }

  /** Which strip or tile holds a pixel of a plane. */
  find(x: number, y: number, plane: number): number {
    const { tiled, width, height, tileWidth, tileHeight, rowsPerStrip, planar, samples, parts } = this.tif
    const perPlane = planar ? parts / samples : parts
    // As libtiff: a plane that is not there is the first.
    if (planar && plane >= samples) return 0
    const first = planar ? plane * perPlane : 0
    if (!tiled) return first + Math.floor(y / Math.min(rowsPerStrip, height))
    return first + Math.ceil(width / tileWidth) * Math.floor(y / tileHeight) + Math.floor(x / tileWidth)
  }

  /** Decompresses a part to `size` bytes of so many rows. Throws `ImageError` where its bytes are not there. */
  async read(index: number, size: number, rows: number): Promise<Part> {
    const { tif } = this
    if (index >= tif.parts) throw unreadable('TIFF', `it has ${tif.parts} strips or tiles`)
    const out = new Uint8Array(size)
    if (this.#oldJpeg) return { data: out, whole: this.#oldJpeg.unpack(index, out) }
    const packed = this.#fill(index)
    const odd = (tif.offsets[index]! & 1) === 1
    const whole = await this.#codec.unpack(packed, out, { rows, odd, last: this.#isLast(index) })
    if (!whole) return { data: out, whole: false }
    if (this.#undo && !this.#undo(out)) return { data: out, whole: false }
    if (!tif.littleEndian && !this.#undo && this.#codec.swaps) swap(out, tif.bits)
    return { data: out, whole: true }
  }

  #isLast(index: number): boolean {
    const { tiled, parts, planar, samples } = this.tif
    const perPlane = planar ? parts / samples : parts
    return !tiled && index % perPlane === perPlane - 1
  }

  #fill(index: number): Uint8Array {
    const { offsets, counts, rowsPerStrip, height, tiled, tileHeight, fillOrder } = this.tif
    const at = offsets[index] ?? 0
    let count = counts[index] ?? 0
    if (count === 0) throw truncated('TIFF', 'a strip of its pixels has no bytes')
    const most = this.sizes.part(tiled ? tileHeight : Math.min(rowsPerStrip, height)) * 10 + 4096
    if (count > 1024 * 1024) count = Math.min(count, most)
    if (at + count > this.#reader.length) throw truncated('TIFF', 'it ends before its pixels do')
    const data = this.#reader.slice(at, count)
    return fillOrder === 2 && this.#codec.reverses ? reverseBits(data) : data
  }
}

function swap(data: Uint8Array, bits: number): void {
  if (bits !== 16 && bits !== 32) return
  const bytes = bits / 8
  for (let i = 0; i + bytes <= data.length; i += bytes) data.subarray(i, i + bytes).reverse()
}

/** Turns the bits of each byte round: FillOrder 2. */
function reverseBits(data: Uint8Array): Uint8Array {
  return data.map((byte) => {
    let value = ((byte & 0x55) << 1) | ((byte >> 1) & 0x55)
    value = ((value & 0x33) << 2) | ((value >> 2) & 0x33)
    return ((value & 15) << 4) | (value >> 4)
  })
}
