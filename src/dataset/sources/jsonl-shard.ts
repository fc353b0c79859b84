import { isObject } from '../../base/json-object.ts'
import { findColumns, type FoundColumns } from './columns.ts'
import { damagedShard } from './missing.ts'
import type { ColumnNames, SampleOrProblem } from './shard.ts'
import { type SampleRow, samplesOf, type TablePlace } from './table-row.ts'

/** A line of more is no line. */
const MAX_LINE = 256 << 20
const NEWLINE = 0x0a

/** A line that is not blank, and where it lies. */
export interface Line {
  readonly bytes: Uint8Array
  readonly start: number
  /** After its line break. */
  readonly end: number
}

/** Cuts a stream into lines, blank ones left out. Throws `DatasetError` `dataset_shard_damaged`. */
export async function* linesOf(pieces: AsyncIterable<Uint8Array>, address: string): AsyncGenerator<Line> {
  let kept: Uint8Array[] = []
  let length = 0
  let start = 0
  const take = (last: Uint8Array, breaks: number): Line => {
    const bytes = kept.length === 0 ? last : Buffer.concat([...kept, last])
    const line = { bytes, start, end: start + bytes.length + breaks }
    start = line.end
    kept = []
    length = 0
    return line
  }
  for await (const piece of pieces) {
    let from = 0
    for (let at = piece.indexOf(NEWLINE); at >= 0; at = piece.indexOf(NEWLINE, from)) {
      const line = take(piece.subarray(from, at), 1)
      if (!isBlank(line.bytes)) yield line
      from = at + 1
    }
    if (from === piece.length) continue
    // Kept beyond the next read, whose memory may be the same.
    kept.push(piece.slice(from))
    length += piece.length - from
    if (length > MAX_LINE) throw damagedShard(address, `a line has more than ${MAX_LINE} bytes`)
  }
  const last = take(new Uint8Array(), 0)
  if (!isBlank(last.bytes)) yield last
}

const isBlank = (bytes: Uint8Array): boolean =>
  bytes.every((byte) => byte === 0x20 || (byte >= 9 && byte <= 13))

/**
 * The images of a JSONL table, a row a line. A line that is no object is a row that failed; the first that is one says what
 * the columns are.
 */
export async function* readJsonl(
  pieces: AsyncIterable<Uint8Array>,
  names: ColumnNames,
  place: TablePlace,
): AsyncGenerator<SampleOrProblem> {
  const rows: { readonly row: SampleRow | undefined }[] = []
  let columns: FoundColumns | undefined
  let at = 0
  for await (const { bytes } of linesOf(pieces, place.address)) {
    const row = parseRow(bytes)
    // Lines before the first good one wait for the columns that it has.
    if (!columns) {
      rows.push({ row })
      if (!row) continue
      columns = findColumns(Object.keys(row), names, place.address)
      for (const waiting of rows) yield* rowSamples(waiting.row, columns, at++, place)
    } else yield* rowSamples(row, columns, at++, place)
  }
  if (!columns && rows.length > 0) throw damagedShard(place.address, 'none of its lines is a JSON object')
}

function rowSamples(
  row: SampleRow | undefined,
  columns: FoundColumns,
  at: number,
  place: TablePlace,
): SampleOrProblem[] {
  if (row) return samplesOf(row, columns, { row: at, line: at }, place)
  const problem = { code: 'dataset_source_invalid', message: 'The line is not a JSON object.' }
  return columns.images.map((column, i) => ({
    index: at * columns.images.length + i,
    key: columns.images.length > 1 ? `${at}/${column}` : String(at),
    problem,
  }))
}

function parseRow(bytes: Uint8Array): SampleRow | undefined {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
    const value: unknown = JSON.parse(text)
    return isObject(value) ? value : undefined
  } catch {
    return undefined
  }
}
