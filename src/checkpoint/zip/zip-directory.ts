import type { CheckpointError } from '../../base/errors.ts'
import { unreadable } from '../checkpoint-error.ts'
import type { DataFile } from '../data-file.ts'
import { findZipDirectory, number64 } from './zip-end.ts'

/** An entry of a zip archive, as its central directory has it. */
export interface ZipEntry {
  readonly name: string
  /** Bytes of the content, and of what the file holds of it. */
  readonly size: number
  readonly packedSize: number
  /** 0 for stored. */
  readonly method: number
  readonly crc32: number
  /** General purpose flags. */
  readonly flags: number
  /** Marked as a folder: torch reads nothing of it then, and takes what memory holds. */
  readonly folder: boolean
  readonly headerOffset: number
}

const CENTRAL = 0x02014b50
const LOCAL = 0x04034b50
/** A checkpoint has some thousand entries of about a hundred bytes. */
const MAX_DIRECTORY = 16 << 20
const DESCRIPTOR = 0x08074b50
/** Of the general purpose flags: encrypted, a patch, strongly encrypted, masked. */
const UNREADABLE = 1 | 32 | 64 | 8192
/** Sizes and checksum come behind the data. */
const DESCRIBED = 8

/**
 * Reads the central directory of a zip archive (PKWARE APPNOTE 6.3.10, §4.3.12–4.3.16, zip64 §4.5.3), and refuses what
 * the reader of torch refuses (miniz 3.0.2), and names that two readers could take for one another. Sizes are taken from
 * it: torch's local headers have zeros there. Throws `CheckpointError`.
 */
export async function readZipDirectory(file: DataFile): Promise<ReadonlyMap<string, ZipEntry>> {
  const { count, size, offset, end } = await findZipDirectory(file)
  if (size > MAX_DIRECTORY)
    throw unreadable(file.path, `its zip directory claims ${size} bytes, far more than a checkpoint's.`)
  if (offset + size > end)
    throw unreadable(file.path, 'its zip directory lies outside the file. Download or copy it again.')
  if (size < count * 46)
    throw unreadable(file.path, 'its zip directory is too short for its entries. Download or copy it again.')
  const bytes = await file.bytes(offset, size)
  const entries = new Map<string, ZipEntry>()
  // torch looks names up without regard to case.
  const folded = new Set<string>()
  const damagedAt = (entry: number): CheckpointError =>
    unreadable(file.path, `its zip directory is damaged at entry ${entry}. Download or copy it again.`, {
      entry,
    })
  let at = 0
  for (let i = 0; i < count; i++) {
    if (at + 46 > bytes.length || bytes.readUInt32LE(at) !== CENTRAL) {
      throw damagedAt(i)
    }
    const next =
      at + 46 + bytes.readUInt16LE(at + 28) + bytes.readUInt16LE(at + 30) + bytes.readUInt16LE(at + 32)
    if (next > bytes.length) throw damagedAt(i)
    const record = bytes.subarray(at, next)
    const name = nameOf(record.subarray(46, 46 + record.readUInt16LE(28)))
    if (name === undefined)
      throw unreadable(file.path, `the name of entry ${i} is not UTF-8. Download or copy it again.`, {
        entry: i,
      })
    const entry = centralEntry(file.path, name, record)
    if (entry.packedSize > file.size - 30 - entry.headerOffset) throw damagedAt(i)
    if (folded.has(lowered(name)))
      throw unreadable(file.path, `it has two entries named ${name}.`, { entry: name })
    folded.add(lowered(name))
    entries.set(name, entry)
    at = next
  }
  return entries
}

/** Where a stored entry's data begins: after its local header, whose length only it knows. */
export async function zipDataOffset(file: DataFile, entry: ZipEntry): Promise<number> {
  if (entry.method !== 0 || entry.packedSize !== entry.size) {
    throw unreadable(
      file.path,
      `its entry ${entry.name} is compressed (method ${entry.method}); torch.save stores its entries as they are. ` +
        'If this is a zip made around a checkpoint, unpack it; if a checkpoint was packed again, do so uncompressed (zip -0).',
      { entry: entry.name, method: entry.method },
    )
  }
  if (entry.folder)
    throw unreadable(file.path, `its entry ${entry.name} is marked as a folder. Download or copy it again.`, {
      entry: entry.name,
    })
  const nameLength = Buffer.byteLength(entry.name)
  const header = await file.bytes(entry.headerOffset, 30 + nameLength)
  const valid =
    header.length === 30 + nameLength &&
    header.readUInt32LE(0) === LOCAL &&
    header.readUInt16LE(26) === nameLength &&
    header.toString('utf8', 30) === entry.name
  const start = valid ? entry.headerOffset + header.length + header.readUInt16LE(28) : 0
  if (!valid || start + entry.size > file.size) {
    throw unreadable(
      file.path,
      `${entry.name} is not where its zip directory says. Download or copy it again.`,
      {
        entry: entry.name,
      },
    )
  }
  const odd = localContradiction(entry, header) ?? (await descriptorContradiction(file, entry, start))
  if (odd) {
    throw unreadable(
      file.path,
      `the header of ${entry.name} and its zip directory contradict each other about ${odd}. Download or copy it again.`,
      { entry: entry.name },
    )
  }
  return start
}

/** What a local header says otherwise than the directory. torch leaves zeros for what it writes behind the data. */
function localContradiction({ size, crc32, flags }: ZipEntry, header: Buffer): string | undefined {
  const local = header.readUInt16LE(6)
  if ((local & UNREADABLE) !== 0) return 'encryption'
  if (((local ^ flags) & DESCRIBED) !== 0) return 'what comes behind the data'
  if (header.readUInt16LE(8) !== 0) return 'compression'
  const differs = (value: number, expected: number): boolean =>
    value !== 0 && value !== 0xffffffff && value !== expected
  if (differs(header.readUInt32LE(18), size) || differs(header.readUInt32LE(22), size)) return 'its size'
  return header.readUInt32LE(14) !== 0 && header.readUInt32LE(14) !== crc32 ? 'its checksum' : undefined
}

/** The same of the sizes and the checksum behind the data, where they are. */
async function descriptorContradiction(
  file: DataFile,
  { flags, size, crc32 }: ZipEntry,
  start: number,
): Promise<string | undefined> {
  if ((flags & DESCRIBED) === 0) return undefined
  const bytes = await file.bytes(start + size, 16)
  if (bytes.length < 16 || bytes.readUInt32LE(0) !== DESCRIPTOR) return undefined
  if (bytes.readUInt32LE(4) !== crc32) return 'its checksum'
  return bytes.readUInt32LE(8) !== size % 2 ** 32 ? 'its size' : undefined
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

function nameOf(bytes: Uint8Array): string | undefined {
  try {
    return utf8.decode(bytes)
  } catch {
    return undefined
  }
}

const lowered = (name: string): string => name.replace(/[A-Z]+/g, (letters) => letters.toLowerCase())

function centralEntry(path: string, name: string, record: Buffer): ZipEntry {
  const nameEnd = 46 + record.readUInt16LE(28)
  const flags = record.readUInt16LE(8)
  if ((flags & UNREADABLE) !== 0)
    throw unreadable(path, `its entry ${name} is encrypted. Decrypt it first.`, { entry: name })
  if (record.readUInt16LE(34) > 1) throw unreadable(path, 'it is one part of a split zip archive.')
  let packed = record.readUInt32LE(20)
  let size = record.readUInt32LE(24)
  let headerOffset = record.readUInt32LE(42)
  if (packed === 0xffffffff || size === 0xffffffff || headerOffset === 0xffffffff) {
    const extra = zip64Extra(record.subarray(nameEnd, nameEnd + record.readUInt16LE(30)))
    let at = 0
    const wide = (): number => {
      if (!extra || at + 8 > extra.length)
        throw unreadable(path, `the zip64 sizes of ${name} are missing.`, { entry: name })
      at += 8
      return number64(extra, at - 8)
    }
    // In this order, and only those that did not fit.
    if (size === 0xffffffff) size = wide()
    if (packed === 0xffffffff) packed = wide()
    if (headerOffset === 0xffffffff) headerOffset = wide()
  }
  return {
    name,
    size,
    packedSize: packed,
    method: record.readUInt16LE(10),
    crc32: record.readUInt32LE(16),
    flags,
    folder: (record.readUInt32LE(38) & 0x10) !== 0 || name.endsWith('/'),
    headerOffset,
  }
}

function zip64Extra(extra: Buffer): Buffer | undefined {
  for (let at = 0; at + 4 <= extra.length;) {
    const length = extra.readUInt16LE(at + 2)
    if (extra.readUInt16LE(at) === 1) return extra.subarray(at + 4, at + 4 + length)
    at += 4 + length
  }
  return undefined
}
