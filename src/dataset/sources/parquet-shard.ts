import {
  type AsyncBuffer,
  type FileMetaData,
  parquetMetadataAsync,
  parquetReadObjects,
  type RowGroup,
} from 'hyparquet'
import { DatasetError } from '../../base/errors.ts'
import { PARQUET_CODECS } from '../../pairs/tables/parquet-codecs-node.ts'
import { textOrBytes } from '../../text/text-or-bytes.ts'
import type { ReadableStore } from '../store/store.ts'
import { findColumns } from './columns.ts'
import { damagedShard, missingShard } from './missing.ts'
import type { ColumnNames, SampleOrProblem } from './shard.ts'
import { type SampleRow, samplesOf, type TablePlace } from './table-row.ts'

/** Row groups of more bytes are read in slices where an index says where their pages are. */
const LARGE_GROUP = 64 << 20
const SLICE_ROWS = 100

/** A file of a store as hyparquet reads it: by ranges. */
export async function parquetFile(
  store: ReadableStore,
  key: string,
  place: TablePlace,
): Promise<{ readonly file: AsyncBuffer; readonly metadata: FileMetaData }> {
  const byteLength = await store.size(key, place.signal)
  if (byteLength === undefined) throw missingShard(place.address)
  const file: AsyncBuffer = {
    byteLength,
    slice: async (start, end = byteLength) => {
      const bytes = await store.read(key, { start, end: Math.min(end, byteLength) }, place.signal)
      if (!bytes) throw missingShard(place.address)
      return asBuffer(bytes)
    },
  }
  try {
    if (byteLength === 0) throw new Error('it is empty')
    return { file, metadata: await parquetMetadataAsync(file) }
  } catch (cause) {
    throw asDamage(place.address, cause)
  }
}

function asBuffer({ buffer, byteOffset, byteLength }: Uint8Array): ArrayBuffer {
  const whole = byteOffset === 0 && byteLength === buffer.byteLength
  return (whole ? buffer : buffer.slice(byteOffset, byteOffset + byteLength)) as ArrayBuffer
}

/** The images of a Parquet file, a row group at a time. Throws `DatasetError`. */
export async function* readParquet(
  store: ReadableStore,
  key: string,
  names: ColumnNames,
  place: TablePlace,
): AsyncGenerator<SampleOrProblem> {
  const { file, metadata } = await parquetFile(store, key, place)
  const columns = findColumns(topColumns(metadata), names, place.address)
  const wanted = [
    ...new Set([...columns.images, ...columns.keys, ...(columns.prompt ? [columns.prompt] : [])]),
  ]
  let row = 0
  for (const { from, to } of slicesOf(metadata, wanted)) {
    let rows: SampleRow[]
    try {
      rows = await parquetReadObjects({
        file,
        metadata,
        columns: wanted,
        rowStart: from,
        rowEnd: to,
        compressors: PARQUET_CODECS,
        useOffsetIndex: true,
        // Bytes of images are not text; what is annotated as text is read as such all the same.
        utf8: false,
        parsers: { stringFromBytes: (bytes: Uint8Array | undefined) => bytes && textOrBytes(bytes) },
      })
    } catch (cause) {
      throw asDamage(place.address, cause)
    }
    for (const values of rows) {
      yield* samplesOf(values, columns, { row, line: row }, place)
      row++
    }
  }
}

/** Names of the columns, of structs their own. */
function topColumns({ schema }: FileMetaData): string[] {
  const names: string[] = []
  let at = 1
  const skip = (): void => {
    const children = schema[at++]?.num_children ?? 0
    for (let i = 0; i < children; i++) skip()
  }
  while (at < schema.length) {
    names.push(schema[at]!.name)
    skip()
  }
  return names
}

function* slicesOf(
  { row_groups: groups }: FileMetaData,
  wanted: readonly string[],
): Generator<{ readonly from: number; readonly to: number }> {
  let start = 0
  for (const group of groups) {
    const end = start + Number(group.num_rows)
    const step = isLarge(group, wanted) ? SLICE_ROWS : end - start
    for (let from = start; from < end; from += step) yield { from, to: Math.min(from + step, end) }
    start = end
  }
}

function isLarge({ columns }: RowGroup, wanted: readonly string[]): boolean {
  const read = columns.filter(({ meta_data: data }) => wanted.includes(data?.path_in_schema[0] ?? ''))
  const bytes = read.reduce((sum, { meta_data: data }) => sum + Number(data?.total_uncompressed_size ?? 0), 0)
  return bytes > LARGE_GROUP && read.every(({ offset_index_offset: offset }) => offset !== undefined)
}

function asDamage(address: string, cause: unknown): unknown {
  if (cause instanceof DatasetError || (cause as Error).name === 'AbortError') return cause
  return damagedShard(address, `it is not whole Parquet (${(cause as Error).message})`, cause)
}
