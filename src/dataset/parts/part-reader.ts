import { parquetReadObjects } from 'hyparquet'
import { DatasetError } from '../../base/errors.ts'
import type { ModelKind } from '../../models/kinds.ts'
import { PARQUET_CODECS } from '../../pairs/tables/parquet-codecs-node.ts'
import type { Scores } from '../../ranking/combine.ts'
import { linesOf } from '../sources/jsonl-shard.ts'
import { parquetFile } from '../sources/parquet-shard.ts'
import type { Store } from '../store/store.ts'
import { embeddingColumn, scoreKeys } from './part-columns.ts'
import type { PartName } from './part-name.ts'
import type { Row } from './row.ts'

/** Rows of a part that are held at a time. */
const SLICE = 1000

/** The rows of a part, in their order. Throws `DatasetError`. */
export async function* readPart(
  out: Store,
  part: PartName,
  kinds: readonly ModelKind[],
  signal?: AbortSignal,
): AsyncGenerator<Row> {
  const read = part.format === 'parquet' ? readParquetRows(out, part, signal) : readNdjson(out, part, signal)
  for await (const values of read) yield rowOf(values, kinds, out.address + part.key)
}

/** Place and error of each row, which is all that is needed to count them. */
export async function* readPartIndex(
  out: Store,
  part: PartName,
  signal?: AbortSignal,
): AsyncGenerator<{ readonly index: number; readonly failed: boolean }> {
  const read =
    part.format === 'parquet'
      ? readParquetRows(out, part, signal, ['index', 'error'])
      : readNdjson(out, part, signal)
  for await (const { index, error } of read)
    yield { index: placeOf(index, out.address + part.key), failed: error !== null && error !== undefined }
}

/** More images are in no shard. */
const MOST_PLACES = 2 ** 28

function placeOf(index: unknown, address: string): number {
  const place = Number(index ?? NaN)
  if (Number.isInteger(place) && place >= 0 && place < MOST_PLACES) return place
  throw damagedPart(address, new Error('a row has no place'))
}

export async function hasFailedRows(out: Store, part: PartName, signal?: AbortSignal): Promise<boolean> {
  for await (const { failed } of readPartIndex(out, part, signal)) if (failed) return true
  return false
}

type Values = Readonly<Record<string, unknown>>

async function* readParquetRows(
  out: Store,
  part: PartName,
  signal: AbortSignal | undefined,
  columns?: string[],
): AsyncGenerator<Values> {
  const address = out.address + part.key
  const { file, metadata } = await openPart(out, part, address, signal)
  const rows = Number(metadata.num_rows)
  for (let from = 0; from < rows; from += SLICE) {
    const options = {
      file,
      metadata,
      compressors: PARQUET_CODECS,
      rowStart: from,
      rowEnd: Math.min(from + SLICE, rows),
    }
    try {
      yield* (await parquetReadObjects({
        ...options,
        ...(columns ? { columns } : {}),
        utf8: false,
      })) as Values[]
    } catch (cause) {
      throw damagedPart(address, cause)
    }
  }
}

async function openPart(
  out: Store,
  { key, shard }: PartName,
  address: string,
  signal: AbortSignal | undefined,
): ReturnType<typeof parquetFile> {
  const opened = await parquetFile(out, key, { address, signal }).catch((cause: DatasetError) => {
    throw cause.code === 'dataset_shard_damaged' ? damagedPart(address, cause.cause ?? cause) : cause
  })
  const told = opened.metadata.key_value_metadata?.find((entry) => entry.key === 'icthp')?.value
  const of = told === undefined ? undefined : shardIn(told, address)
  if (of !== undefined && of !== shard) throw damagedPart(address, new Error(`it is the part of ${of}`))
  return opened
}

function shardIn(told: string, address: string): string | undefined {
  try {
    return (JSON.parse(told) as { readonly shard?: string } | null)?.shard
  } catch (cause) {
    throw damagedPart(address, cause)
  }
}

async function* readNdjson(
  out: Store,
  part: PartName,
  signal: AbortSignal | undefined,
): AsyncGenerator<Values> {
  const address = out.address + part.key
  for await (const { bytes } of linesOf(out.stream(part.key, undefined, signal), address)) {
    let values: Values
    try {
      values = JSON.parse(new TextDecoder().decode(bytes)) as Values
    } catch (cause) {
      throw damagedPart(address, cause)
    }
    yield values
  }
}

const damagedPart = (address: string, cause: unknown): DatasetError =>
  new DatasetError(
    'dataset_part_damaged',
    `${address} cannot be read (${(cause as Error).message}): something else has written to it. Remove it, and score its shard again.`,
    { part: address, cause },
  )

function rowOf(values: Values, kinds: readonly ModelKind[], address: string): Row {
  const { index, key, width, height, error, message } = values
  const is = (value: unknown): boolean => value !== null && value !== undefined
  const packed = kinds.flatMap((kind) => {
    const bytes = values[embeddingColumn(kind)]
    if (!is(bytes)) return []
    return [[kind, typeof bytes === 'string' ? new Uint8Array(Buffer.from(bytes, 'base64')) : bytes]]
  })
  const scores = scoreKeys(kinds).flatMap((name) => (is(values[name]) ? [[name, Number(values[name])]] : []))
  return {
    index: placeOf(index, address),
    key: String(key),
    ...(scores.length > 0 ? { scores: Object.fromEntries(scores) as Scores } : {}),
    ...(is(width) ? { width: Number(width), height: Number(height) } : {}),
    ...(is(error) ? { error: String(error) } : {}),
    ...(is(message) ? { message: String(message) } : {}),
    ...(packed.length > 0 ? { packed: Object.fromEntries(packed) as Record<string, Uint8Array> } : {}),
  }
}
