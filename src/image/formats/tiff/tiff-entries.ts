import { unreadable } from '../../image-errors.ts'
import type { ByteReader } from '../byte-reader.ts'

/** One line of a directory: what Pillow and libtiff make of it differs, and is told in their own files. */
export interface TiffEntry {
  readonly tag: number
  readonly type: number
  readonly count: number
  /** Where the values lie: in the line itself where they fit. */
  readonly at: number
  /** They lie within the file. */
  readonly whole: boolean
}

/** The first directory of a file. */
export interface TiffDirectory {
  readonly littleEndian: boolean
  readonly big: boolean
  readonly entries: readonly TiffEntry[]
  /** How many lines it says it has. */
  readonly announced: number
}

export const TYPE = {
  byte: 1,
  ascii: 2,
  short: 3,
  long: 4,
  rational: 5,
  sbyte: 6,
  undefined: 7,
  sshort: 8,
  slong: 9,
  srational: 10,
  float: 11,
  double: 12,
  ifd: 13,
  long8: 16,
  slong8: 17,
  ifd8: 18,
} as const

/** Bytes of a value of each type. */
export const TYPE_BYTES: Readonly<Record<number, number>> = {
  1: 1,
  2: 1,
  3: 2,
  4: 4,
  5: 8,
  6: 1,
  7: 1,
  8: 2,
  9: 4,
  10: 8,
  11: 4,
  12: 8,
  13: 4,
  16: 8,
  17: 8,
  18: 8,
}

/** Reads the lines of the first directory; fewer than announced where the file ends before. */
export function readDirectory(reader: ByteReader): TiffDirectory {
  const littleEndian = reader.u8(0) === 0x49
  // Pillow looks at one byte, and so takes a big-endian BigTIFF for a TIFF; where its directory would lie there is nothing.
  const big = reader.u8(2) === 43
  const word = (at: number): number => readWord(reader, at, big, littleEndian)
  const start = word(big ? 8 : 4)
  const head = big ? 8 : 2
  const size = big ? 20 : 12
  const inline = big ? 8 : 4
  if (start === 0) throw unreadable('TIFF', 'it has no directory')
  const entries: TiffEntry[] = []
  const announced = big ? word(start) : reader.u16(start, littleEndian)
  for (let at = start + head; entries.length < announced && at + size <= reader.length; at += size) {
    const type = reader.u16(at + 2, littleEndian)
    const count = word(at + 4)
    const bytes = count * (TYPE_BYTES[type] ?? 0)
    const from = at + size - inline
    const values = bytes > inline ? word(from) : from
    const whole = values + bytes <= reader.length
    entries.push({ tag: reader.u16(at, littleEndian), type, count, at: values, whole })
  }
  return { littleEndian, big, entries, announced }
}

const readWord = (reader: ByteReader, at: number, big: boolean, littleEndian: boolean): number =>
  big
    ? reader.u32(at + (littleEndian ? 4 : 0), littleEndian) * 2 ** 32 +
      reader.u32(at + (littleEndian ? 0 : 4), littleEndian)
    : reader.u32(at, littleEndian)

/** The values of an entry as numbers, at most so many; fractions divided, letters as their codes. */
export function readValues(
  reader: ByteReader,
  { littleEndian }: TiffDirectory,
  { type, count, at }: TiffEntry,
  most: number = Infinity,
): number[] {
  const read = readerOf(reader, type, littleEndian)
  const values: number[] = []
  const size = TYPE_BYTES[type] ?? 1
  for (let i = 0; i < count && i < most; i++) values.push(read(at + i * size))
  return values
}

function readerOf(reader: ByteReader, type: number, littleEndian: boolean): (at: number) => number {
  const u32 = (at: number): number => reader.u32(at, littleEndian)
  const view = (at: number, size: number): DataView => {
    const bytes = reader.slice(at, size)
    return new DataView(bytes.buffer, bytes.byteOffset, size)
  }
  switch (type) {
    case TYPE.sbyte:
      return (at) => (reader.u8(at) << 24) >> 24
    case TYPE.short:
      return (at) => reader.u16(at, littleEndian)
    case TYPE.sshort:
      return (at) => (reader.u16(at, littleEndian) << 16) >> 16
    case TYPE.long:
    case TYPE.ifd:
      return u32
    case TYPE.slong:
      return (at) => reader.i32(at, littleEndian)
    case TYPE.rational:
      return (at) => u32(at) / u32(at + 4)
    case TYPE.srational:
      return (at) => reader.i32(at, littleEndian) / reader.i32(at + 4, littleEndian)
    case TYPE.float:
      return (at) => view(at, 4).getFloat32(0, littleEndian)
    case TYPE.double:
      return (at) => view(at, 8).getFloat64(0, littleEndian)
    case TYPE.long8:
    case TYPE.ifd8:
      return (at) => readWord(reader, at, true, littleEndian)
    case TYPE.slong8:
      return (at) => Number(view(at, 8).getBigInt64(0, littleEndian))
    default:
      return (at) => reader.u8(at)
  }
}
