import { lastOf, type PaxRecords, paxRecords } from './pax-records.ts'
import { PieceReader } from './piece-reader.ts'
import { gnuSparseMap, paxSparse, readSparse, type SparseMap, sparseMapInBody } from './sparse-file.ts'
import { BLOCK, readHeader, type TarHeader, textAt } from './tar-header.ts'

/** A member of a tar on its way. */
export interface TarMember {
  readonly name: string
  readonly isFile: boolean
  /** Of the file, in bytes. */
  readonly size: number
  /** Its bytes, in memory of their own: once, and before the next member is asked for. */
  read(): Promise<Uint8Array<ArrayBuffer>>
}

/** Extended headers of more bytes are none. */
const MAX_META = 8 << 20
/** Have no body, whatever their headers say. */
const BODILESS = new Set(['1', '2', '3', '4', '5', '6'])
/** Volume labels, pieces of other archives, lists of folders, access rights: of GNU, star and Solaris. */
const OF_TOOLS = new Set(['A', 'D', 'E', 'I', 'M', 'N', 'V'])

/** Said before a member, of it. */
interface Said {
  records: PaxRecords
  name?: string
}

/**
 * The members of a tar in their order: ustar, PAX and GNU's formats, with their long names and sparse files. Throws `Error` for
 * what is damaged or compressed, and what ends without an empty block or goes on behind it.
 */
export async function* tarMembers(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<TarMember> {
  const reader = new PieceReader(pieces)
  let globals: PaxRecords = []
  let said: Said = { records: [] }
  let isFirst = true
  try {
    for (;;) {
      const block = await reader.read(BLOCK)
      if (isFirst) refuseCompressed(block)
      isFirst = false
      const header = readHeader(block)
      if (!header) return await requireEnd(reader)
      const { type } = header
      if (type === 'g')
        globals = [...globals, ...paxRecords(await metaOf(header, reader))].slice(-MAX_GLOBALS)
      else if (type === 'x' || type === 'X') said.records = paxRecords(await metaOf(header, reader))
      else if (type === 'L') said.name = longName(await metaOf(header, reader))
      else if (type === 'K') await metaOf(header, reader)
      else {
        yield* memberOf(header, block, [...globals, ...said.records], said.name, reader)
        said = { records: [] }
      }
    }
  } finally {
    await reader.close()
  }
}

const MAX_GLOBALS = 512
const longName = (bytes: Uint8Array): string => textAt(bytes, 0, bytes.length)
const padded = (size: number): number => Math.ceil(size / BLOCK) * BLOCK

async function metaOf({ size }: TarHeader, reader: PieceReader): Promise<Uint8Array> {
  if (size > MAX_META) throw new Error('an extended header is too large')
  return (await reader.read(padded(size))).subarray(0, size)
}

/** A second empty block, which some writers leave out, and what fills the last record. */
async function requireEnd(reader: PieceReader): Promise<void> {
  let at = 0
  for await (const piece of reader.rest()) {
    const odd = piece.findIndex((byte) => byte !== 0)
    if (odd >= 0 && at + odd < BLOCK) throw new Error('an empty block stands between its members')
    if (odd >= 0) throw new Error('something stands behind its end, such as another archive')
    at += piece.length
  }
}

/** What tars are compressed by, and how that begins. */
const COMPRESSED: readonly (readonly [name: string, start: readonly number[]])[] = [
  ['gzip', [0x1f, 0x8b]],
  ['bzip2', [0x42, 0x5a, 0x68]],
  ['xz', [0xfd, 0x37, 0x7a, 0x58]],
  ['Zstandard', [0x28, 0xb5, 0x2f, 0xfd]],
]

/** Instead of what a compressed file looks like to those who take it for a header. */
function refuseCompressed(block: Uint8Array): void {
  const found = COMPRESSED.find(([, start]) => start.every((byte, i) => block[i] === byte))
  if (found)
    throw new Error(
      `it is compressed by ${found[0]}: only .tar.gz is unpacked here, what else has to be before`,
    )
}

/** The member, whose body is passed over where it was not read. */
async function* memberOf(
  header: TarHeader,
  block: Uint8Array,
  records: PaxRecords,
  longName: string | undefined,
  reader: PieceReader,
): AsyncGenerator<TarMember> {
  const name = lastOf(records, 'GNU.sparse.name') ?? lastOf(records, 'path') ?? longName ?? header.name
  const told = lastOf(records, 'size')
  const stored = told !== undefined && /^\d{1,15}$/.test(told) ? Number(told) : header.size
  const isFolder = name.endsWith('/')
  const isFile = !isFolder && !BODILESS.has(header.type) && !OF_TOOLS.has(header.type)
  const body = BODILESS.has(header.type) ? 0 : stored
  const sparse = isFile ? await sparseOf(header, block, records, body, reader) : undefined
  // The map of a sparse file may have been a part of it.
  const left = sparse?.stored ?? body
  const filling = padded(body) - body
  let isRead = false
  const read = async (): Promise<Uint8Array<ArrayBuffer>> => {
    isRead = true
    const bytes = await (sparse ? readSparse(sparse.map, left, reader) : reader.read(left))
    await reader.skip(filling)
    return bytes
  }
  yield { name, isFile, size: sparse?.map.size ?? body, read }
  if (!isRead) await reader.skip(left + filling)
}

interface FoundSparse {
  readonly map: SparseMap
  /** Bytes of it in the archive. */
  readonly stored: number
}

async function sparseOf(
  { type, isGnu }: TarHeader,
  block: Uint8Array,
  records: PaxRecords,
  stored: number,
  reader: PieceReader,
): Promise<FoundSparse | undefined> {
  if (type === 'S') {
    if (!isGnu) throw new Error('a sparse file is of an unknown format')
    return { map: await gnuSparseMap(block, reader), stored }
  }
  const found = paxSparse(records)
  if (!found) return undefined
  if (!found.inBody) return { map: found.map, stored }
  const { map, taken } = await sparseMapInBody(found.map.size, reader)
  if (taken > stored) throw new Error('the map of a sparse file does not fit its bytes')
  return { map, stored: stored - taken }
}
