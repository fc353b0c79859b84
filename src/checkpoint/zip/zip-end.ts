import { truncated, unreadable } from '../checkpoint-error.ts'
import type { DataFile } from '../data-file.ts'

const END = 0x06054b50
const END64_LOCATOR = 0x07064b50
const END64 = 0x06064b50
const END_SIZE = 22
const MAX_COMMENT = 0xffff

/** What the end of a zip archive says of its directory. */
export interface ZipEnd {
  readonly count: number
  readonly size: number
  readonly offset: number
  /** Where the directory must have ended. */
  readonly end: number
}

/** Reads the records behind the directory (PKWARE APPNOTE 6.3.10, §4.3.14–4.3.16). Throws `CheckpointError`. */
export async function findZipDirectory(file: DataFile): Promise<ZipEnd> {
  const tailStart = Math.max(0, file.size - END_SIZE - MAX_COMMENT)
  const tail = await file.bytes(tailStart, file.size - tailStart)
  let at = tail.length - END_SIZE
  // The last one, whatever follows: as torch, which reads files that something was appended to.
  while (at >= 0 && tail.readUInt32LE(at) !== END) at--
  if (at < 0) throw truncated(file.path, 'the directory at the end of its zip archive is missing')
  const end = tailStart + at
  const count = tail.readUInt16LE(at + 10)
  const size = tail.readUInt32LE(at + 12)
  const offset = tail.readUInt32LE(at + 16)
  const locator = await file.bytes(Math.max(0, end - 20), end >= 20 ? 20 : 0)
  if (locator.length < 20 || locator.readUInt32LE(0) !== END64_LOCATOR) {
    if (
      tail.readUInt16LE(at + 4) !== 0 ||
      tail.readUInt16LE(at + 6) !== 0 ||
      tail.readUInt16LE(at + 8) !== count
    )
      throw unreadable(file.path, 'it is one part of a split zip archive.')
    return { count, size, offset, end }
  }
  const end64 = number64(locator, 8)
  const record = end64 + 56 <= end ? await file.bytes(end64, 56) : undefined
  if (!record || record.readUInt32LE(0) !== END64)
    throw unreadable(file.path, 'its zip64 directory is damaged. Download or copy it again.')
  if (number64(record, 4) < 44)
    throw unreadable(file.path, 'its zip64 directory is damaged. Download or copy it again.')
  const disks = [record.readUInt32LE(16), record.readUInt32LE(20)]
  if (
    disks.some((disk) => disk !== 0) ||
    locator.readUInt32LE(16) !== 1 ||
    number64(record, 24) !== number64(record, 32)
  )
    throw unreadable(file.path, 'it is one part of a split zip archive.')
  return { count: number64(record, 32), size: number64(record, 40), offset: number64(record, 48), end: end64 }
}

/** Sizes and offsets stay below 2^53; more is damage, and Infinity fails every comparison with the file's size. */
export function number64(bytes: Buffer, at: number): number {
  const value = Number(bytes.readBigUInt64LE(at))
  return Number.isSafeInteger(value) ? value : Infinity
}
