import { open, stat } from 'node:fs/promises'
import { extname } from 'node:path'
import type { AsyncBuffer } from 'hyparquet'
import { readWholeFile } from '../../base/files/read-file-node.ts'
import { decodeText } from '../../text/decode-text.ts'
import { jsonLinesTable } from './json-lines-table.ts'
import { separatedTable } from './separated-table.ts'
import { invalidTable, type Table } from './table.ts'

type Format = 'csv' | 'tsv' | 'jsonl' | 'parquet'

const ENDINGS: Readonly<Record<string, Format>> = {
  '.csv': 'csv',
  '.tsv': 'tsv',
  '.tab': 'tsv',
  '.jsonl': 'jsonl',
  '.ndjson': 'jsonl',
  '.parquet': 'parquet',
}

/** A string holds twice as much; more belongs into Parquet, which is read in parts. */
export const MAX_TABLE_BYTES: number = 2 ** 28

/**
 * Opens a table by the ending of its name, else by how it begins: CSV, TSV, JSONL (UTF-8, or with a byte order mark) or Parquet.
 * `where` is how messages name it. Throws `InputError` `input_invalid_table` and `input_not_text`, the system's errors, and
 * `signal.reason`.
 */
export async function openTable(path: string, where: string, signal?: AbortSignal): Promise<Table> {
  const named = ENDINGS[extname(path).toLowerCase()]
  if (named === 'parquet' || (!named && (await startsAsParquet(path)))) {
    const { asyncBufferFromFile } = await import('hyparquet')
    return openParquet(await asyncBufferFromFile(path), where)
  }
  const bytes = await readWholeFile(path, MAX_TABLE_BYTES, signal)
  return named ? READERS[named](decodeText(bytes, where), where) : tableOf(bytes, where)
}

/** A table in memory, by how it begins. Throws as {@link openTable}. */
export async function tableOf(bytes: Uint8Array, where: string): Promise<Table> {
  if (isParquet(bytes)) return openParquet(bufferOf(bytes), where)
  const text = decodeText(bytes, where)
  return READERS[formatOf(text, where)](text, where)
}

const isParquet = (bytes: Uint8Array): boolean =>
  Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(4, bytes.length)).toString('latin1') === 'PAR1'

const bufferOf = (bytes: Uint8Array): AsyncBuffer => ({
  byteLength: bytes.length,
  slice: (start, end) => new Uint8Array(bytes.subarray(start, end)).buffer,
})

const READERS: Readonly<Record<Exclude<Format, 'parquet'>, (text: string, where: string) => Table>> = {
  csv: (text, where) => separatedTable(text, where, ','),
  tsv: (text, where) => separatedTable(text, where, '\t'),
  jsonl: jsonLinesTable,
}

function formatOf(text: string, where: string): Exclude<Format, 'parquet'> {
  const first = /^[^\r\n]*/.exec(text.trimStart())![0]
  if (first.startsWith('{')) return 'jsonl'
  if (first.startsWith('['))
    throw invalidTable(where, 'it is a JSON list. Write JSONL, an object a line, or CSV, TSV or Parquet.')
  if (first.includes('\t')) return 'tsv'
  if (first.includes(',')) return 'csv'
  throw invalidTable(where, 'it is not known what it is. Name it .csv, .tsv, .jsonl or .parquet.', {
    line: 1,
  })
}

async function startsAsParquet(path: string): Promise<boolean> {
  // Not of pipes, whose beginning would be gone.
  if (!(await stat(path)).isFile()) return false
  const file = await open(path)
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(4), 0, 4, 0)
    return isParquet(buffer.subarray(0, bytesRead))
  } finally {
    await file.close()
  }
}

async function openParquet(file: AsyncBuffer, where: string): Promise<Table> {
  const [{ parquetTable }, { PARQUET_CODECS }] = await Promise.all([
    import('./parquet-table.ts'),
    import('./parquet-codecs-node.ts'),
  ])
  return parquetTable(file, where, PARQUET_CODECS)
}
