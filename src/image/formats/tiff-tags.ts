import { unreadable } from '../image-errors.ts'
import type { ByteReader } from './byte-reader.ts'

/** The tags of a TIFF file's first picture that say how its pixels are laid out; numbers only. */
export type TiffTags = ReadonlyMap<number, readonly number[]> & { readonly littleEndian: boolean }

export const TAG = {
  width: 256,
  height: 257,
  bitsPerSample: 258,
  compression: 259,
  photometric: 262,
  fillOrder: 266,
  stripOffsets: 273,
  orientation: 274,
  samplesPerPixel: 277,
  rowsPerStrip: 278,
  stripByteCounts: 279,
  planar: 284,
  faxOptions: 292,
  predictor: 317,
  colorMap: 320,
  tileWidth: 322,
  tileHeight: 323,
  tileOffsets: 324,
  tileByteCounts: 325,
  extraSamples: 338,
  sampleFormat: 339,
  jpegTables: 347,
} as const

const WANTED: ReadonlySet<number> = new Set(Object.values(TAG))
/** Bytes of BYTE, SHORT, LONG, UNDEFINED and LONG8, and of the signed SBYTE, SSHORT, SLONG and SLONG8. */
const TYPE_BYTES: Readonly<Record<number, number>> = {
  1: 1,
  3: 2,
  4: 4,
  7: 1,
  16: 8,
  6: 1,
  8: 2,
  9: 4,
  17: 8,
}
const SIGNED: ReadonlySet<number> = new Set([6, 8, 9, 17])

/** Reads the first directory of a TIFF or BigTIFF file. Throws what `reader` throws, or `image_unreadable`. */
export function readTiffTags(reader: ByteReader): TiffTags {
  const littleEndian = reader.u8(0) === 0x49
  const big = reader.u16(2, littleEndian) === 43
  const u16 = (at: number): number => reader.u16(at, littleEndian)
  const u32 = (at: number): number => reader.u32(at, littleEndian)
  const u64 = (at: number): number =>
    u32(at + (littleEndian ? 4 : 0)) * 2 ** 32 + u32(at + (littleEndian ? 0 : 4))
  const word = big ? u64 : u32
  const readers: Readonly<Record<number, (at: number) => number>> = {
    1: (at) => reader.u8(at),
    2: u16,
    4: u32,
    8: u64,
  }
  const tags = new Map<number, number[]>()
  const directory = big ? u64(8) : u32(4)
  const entries = big ? u64(directory) : u16(directory)
  for (let i = 0; i < entries; i++) {
    const at = directory + (big ? 8 + i * 20 : 2 + i * 12)
    const tag = u16(at)
    if (!WANTED.has(tag)) continue
    const type = u16(at + 2)
    const size = TYPE_BYTES[type]
    const count = word(at + 4)
    if (size === undefined) throw unreadable('TIFF', `tag ${tag} has type ${type}`)
    if (count * size > reader.length) throw unreadable('TIFF', `tag ${tag} has ${count} values`)
    const inline = at + (big ? 12 : 8)
    let from = count * size <= (big ? 8 : 4) ? inline : word(inline)
    const values: number[] = []
    for (let k = 0; k < count; k++, from += size) {
      const value = readers[size]!(from)
      values.push(SIGNED.has(type) && value >= 2 ** (size * 8 - 1) ? value - 2 ** (size * 8) : value)
    }
    tags.set(tag, values)
  }
  return Object.assign(tags, { littleEndian })
}

/** Width and height as shown: orientations 5 to 8 swap them. */
export function tiffSize(tags: TiffTags): { width: number; height: number } {
  const width = tags.get(TAG.width)?.[0]
  const height = tags.get(TAG.height)?.[0]
  if (width === undefined || height === undefined) throw unreadable('TIFF', 'it does not say its size')
  // A LONG8 holds more than a side can be, and more than a number can be exact about; signed types hold less.
  if (Math.max(width, height) > 0xffffffff || Math.min(width, height) < 0) {
    throw unreadable('TIFF', `it says that it is ${width}×${height} pixels`)
  }
  const orientation = tags.get(TAG.orientation)?.[0] ?? 1
  return orientation >= 5 && orientation <= 8 ? { width: height, height: width } : { width, height }
}
