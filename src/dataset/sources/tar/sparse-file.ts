import { lastOf, type PaxRecords } from './pax-records.ts'
import type { PieceReader } from './piece-reader.ts'
import { BLOCK, numberAt } from './tar-header.ts'

/** A file whose runs of zeros are left out of the archive: its size, and where what is in the archive belongs. */
export interface SparseMap {
  readonly size: number
  readonly segments: readonly Segment[]
}

interface Segment {
  readonly offset: number
  readonly length: number
}

/** More than a file in so many pieces has. */
const MOST_SEGMENTS = 1 << 20

/** GNU's own format: in the header, and in blocks behind it where there are more than four. Throws `Error`. */
export async function gnuSparseMap(header: Uint8Array, reader: PieceReader): Promise<SparseMap> {
  const size = numberAt(header, 483, 12)
  const segments = segmentsIn(header, 386, 4)
  let isExtended = header[482] !== 0
  while (isExtended) {
    const block = await reader.read(BLOCK)
    segments.push(...segmentsIn(block, 0, 21))
    if (segments.length > MOST_SEGMENTS) throw badMap()
    isExtended = block[504] !== 0
  }
  return { size, segments }
}

function segmentsIn(block: Uint8Array, from: number, count: number): Segment[] {
  const places = Array.from({ length: count }, (_, i) => from + i * 24)
  return places
    .filter((at) => block[at] !== 0)
    .map((at) => ({ offset: numberAt(block, at, 12), length: numberAt(block, at + 12, 12) }))
}

/** What extended headers of GNU's formats 0.0, 0.1 and 1.0 say; of 1.0 the segments stand before the data, and are not here. */
export function paxSparse(
  records: PaxRecords,
): { readonly map: SparseMap; readonly inBody: boolean } | undefined {
  const inBody = lastOf(records, 'GNU.sparse.major') === '1'
  const size = lastOf(records, 'GNU.sparse.realsize') ?? lastOf(records, 'GNU.sparse.size')
  if (size === undefined) return undefined
  if (inBody) return { map: { size: numberOf(size), segments: [] }, inBody }
  const listed = lastOf(records, 'GNU.sparse.map')?.split(',')
  const told = records.filter(([name]) => name === 'GNU.sparse.offset' || name === 'GNU.sparse.numbytes')
  return { map: { size: numberOf(size), segments: pairs(listed ?? told.map(([, value]) => value)) }, inBody }
}

/** Of format 1.0: decimal numbers, a line each, filled up to a block. Gives how many bytes of the body that took. */
export async function sparseMapInBody(
  size: number,
  reader: PieceReader,
): Promise<{ readonly map: SparseMap; readonly taken: number }> {
  let text = ''
  let taken = 0
  for (;;) {
    text += String.fromCharCode(...(await reader.read(BLOCK)))
    taken += BLOCK
    const lines = text.split('\n')
    const count = lines.length > 1 ? numberOf(lines[0]!) : 0
    if (count > MOST_SEGMENTS) throw badMap()
    // What follows the last line end is not whole, or is what the block is filled with.
    if (lines.length > 1 && lines.length - 1 >= 1 + 2 * count)
      return { map: { size, segments: pairs(lines.slice(1, 1 + 2 * count)) }, taken }
  }
}

function pairs(numbers: readonly string[]): Segment[] {
  if (numbers.length % 2 !== 0 || numbers.length > 2 * MOST_SEGMENTS) throw badMap()
  const segments: Segment[] = []
  for (let i = 0; i < numbers.length; i += 2)
    segments.push({ offset: numberOf(numbers[i]!), length: numberOf(numbers[i + 1]!) })
  return segments
}

function numberOf(text: string): number {
  const value = /^\d+$/.test(text) ? Number(text) : NaN
  if (Number.isSafeInteger(value)) return value
  throw badMap()
}

/** Reads the file from a body of `stored` bytes. Throws `Error` where the map does not fit it. */
export async function readSparse(
  { size, segments }: SparseMap,
  stored: number,
  reader: PieceReader,
): Promise<Uint8Array<ArrayBuffer>> {
  let end = 0
  let sum = 0
  for (const { offset, length } of segments) {
    if (offset < end || offset + length > size) throw badMap()
    end = offset + length
    sum += length
  }
  if (sum !== stored) throw badMap()
  const file = new Uint8Array(size)
  for (const { offset, length } of segments) await reader.readInto(file.subarray(offset, offset + length))
  return file
}

const badMap = (): Error => new Error('the map of a sparse file does not fit its bytes')
