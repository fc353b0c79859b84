import { truncated, unreadable } from '../../../image-errors.ts'
import type { ByteReader } from '../../byte-reader.ts'

/** A box of ISO/IEC 14496-12: what it holds lies from `at` to `end`. */
export interface Box {
  readonly type: string
  readonly at: number
  readonly end: number
}

/** The boxes that lie one after the other from `at` to `end`. */
export function* boxes(reader: ByteReader, at: number, end: number): Generator<Box> {
  while (at < end) {
    const box = boxAt(reader, at, end)
    if (box.end > end) throw damaged(`its '${box.type}' box is larger than the box it lies in`)
    yield box
    at = box.end
  }
}

/** The boxes of a whole file; the last one may end behind it. */
export function* fileBoxes(reader: ByteReader): Generator<Box> {
  for (let at = 0; at < reader.length;) {
    const box = boxAt(reader, at, reader.length)
    yield box
    at = box.end
  }
}

function boxAt(reader: ByteReader, at: number, end: number): Box {
  const type = reader.text(at + 4, 4)
  let size = reader.u32(at, false)
  let head = 8
  if (size === 1) {
    size = u64(reader, at + 8)
    head = 16
  }
  if (type === 'uuid') head += 16
  // Only the last box of a file may leave its size open.
  if (size === 0 && end === reader.length) size = end - at
  if (size < head) throw damaged('a box has an impossible size')
  return { type, at: at + head, end: at + size }
}

export const u64 = (reader: ByteReader, at: number): number =>
  reader.u32(at, false) * 2 ** 32 + reader.u32(at + 4, false)

/** Throws where a text does not end before the box does. */
export function checkText(reader: ByteReader, at: number, end: number): void {
  while (at < end && reader.u8(at) !== 0) at++
  if (at >= end) throw damaged('a name in it does not end')
}

/** Throws where a list of `count` entries is longer than the box that it is in. */
export function checkCount(count: number, entry: number, at: number, end: number): void {
  if (at + count * entry > end) throw damaged('a list in it is longer than the box that it is in')
}

/** A number of 0, 1, 2, 4 or 8 bytes. */
export function uint(reader: ByteReader, at: number, bytes: number): number {
  switch (bytes) {
    case 0:
      return 0
    case 1:
      return reader.u8(at)
    case 2:
      return reader.u16(at, false)
    case 4:
      return reader.u32(at, false)
    case 8:
      return u64(reader, at)
    default:
      throw damaged(`it has numbers of ${bytes} bytes`)
  }
}

/** libavif's limits; pictures that are larger are damage to it. */
export const isTooLarge = (width: number, height: number): boolean =>
  width > 32768 || height > 32768 || width * height > 16384 * 16384

export const damaged = (why: string): Error => unreadable('AVIF', why)
export const cutShort = (why: string): Error => truncated('AVIF', why)
