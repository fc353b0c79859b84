import { crc32 } from '../../../crc32.ts'
import { unpackLzma2 } from './lzma2.ts'

/**
 * Undoes XZ compression as TIFF files have it: LZMA2, with or without a delta filter before it. Returns what there is, at most
 * `size` bytes. Checks of the headers are compared, those of the data are not: libtiff stops where it has what it wants.
 * After the public domain specification of the .xz file format.
 */
export function unpackLzma(data: Uint8Array, size: number, engine?: 'js'): Uint8Array {
  const out = new Uint8Array(size)
  let length = 0
  let at = 12
  const check = readStreamHeader(data)
  while (check !== undefined && length < size) {
    const block = readBlockHeader(data, at)
    if (!block) break
    const lzma = unpackLzma2(data, block.end, out.subarray(length), engine)
    const part = out.subarray(length, length + lzma.length)
    if (block.delta > 0) undoDelta(part, block.delta)
    length += lzma.length
    if (!lzma.ended) break
    // Blocks are padded to four bytes; a check follows.
    at = lzma.at + ((4 - ((lzma.at - at) & 3)) & 3) + check
  }
  return out.subarray(0, length)
}

const MAGIC = [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]

/** Returns the bytes of the check behind each block; `undefined` where this is no XZ. */
function readStreamHeader(data: Uint8Array): number | undefined {
  if (data.length < 12 || !MAGIC.every((byte, i) => data[i] === byte)) return undefined
  const type = data[7]!
  if (data[6] !== 0 || type > 15 || u32(data, 8) !== crc32(data.subarray(6, 8))) return undefined
  return type === 0 ? 0 : 4 << Math.floor((type - 1) / 3)
}

/** Where its data starts, and over how many bytes differences go; `undefined` where there is no block that can be read. */
function readBlockHeader(data: Uint8Array, start: number): { end: number; delta: number } | undefined {
  const end = start + (data[start]! + 1) * 4
  // A size of 0 is the index, behind the last block.
  if (!(data[start]! > 0) || end > data.length) return undefined
  if (u32(data, end - 4) !== crc32(data.subarray(start, end - 4))) return undefined
  const flags = data[start + 1]!
  let at = start + 2
  const number = (): number => {
    let value = 0
    for (let shift = 0; shift < 63; shift += 7) {
      const byte = data[at++]!
      value += (byte & 127) * 2 ** shift
      if (byte < 128) break
    }
    return value
  }
  if (flags & 0x3c) return undefined
  if (flags & 0x40) number()
  if (flags & 0x80) number()
  let delta = 0
  let last = 0
  for (let filters = (flags & 3) + 1; filters > 0; filters--) {
    last = number()
    const bytes = number()
    if (last === DELTA && bytes === 1 && delta === 0) delta = data[at]! + 1
    else if (last !== LZMA2) return undefined
    at += bytes
  }
  return last === LZMA2 ? { end, delta } : undefined
}

const DELTA = 0x03
const LZMA2 = 0x21

const u32 = (data: Uint8Array, at: number): number =>
  (data[at]! | (data[at + 1]! << 8) | (data[at + 2]! << 16) | (data[at + 3]! << 24)) >>> 0

function undoDelta(data: Uint8Array, distance: number): void {
  for (let i = distance; i < data.length; i++) data[i]! += data[i - distance]!
}
