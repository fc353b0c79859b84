import { join } from 'node:path'
import { textOrBytes } from '../../text/text-or-bytes.ts'
import { openAddress } from '../store/open-store.ts'
import { isAddress, isWeb, resolveAddress } from './address.ts'
import type { FoundColumns } from './columns.ts'
import { missingImage } from './missing.ts'
import type { Sample, SampleOrProblem } from './shard.ts'

/** A row as a table's reader gives it: bytes of Parquet are `Uint8Array`s, whatever they hold. */
export type SampleRow = Readonly<Record<string, unknown>>

/** Where a table lies, since the paths in it are relative to it. */
export interface TablePlace {
  readonly address: string
  readonly signal?: AbortSignal | undefined
}

/** The images of a row. `at` is the place of the row in its shard, `line` what it is called where nothing in it says. */
export function samplesOf(
  row: SampleRow,
  columns: FoundColumns,
  at: { readonly row: number; readonly line: number },
  place: TablePlace,
): SampleOrProblem[] {
  const { images, keys, prompt: promptColumn } = columns
  const prompt = promptColumn === undefined ? undefined : textOf(row[promptColumn])
  return images.map((column, i) => {
    const index = at.row * images.length + i
    const value = row[column]
    const named =
      textOf(row[keys.length > 1 ? keys[i]! : (keys[0] ?? '')]) ?? pathOf(value) ?? String(at.line)
    const key = images.length > 1 && keys.length < 2 ? `${named}/${column}` : named
    const image = imageOf(value, place)
    if (image !== undefined) return { index, key, image, prompt }
    const problem = { code: 'image_not_found', message: `The row has no image in ${column}.` }
    return { index, key, problem }
  })
}

/** Text as it is, numbers as text; undefined for what is not there, and for bytes that are not UTF-8. */
function textOf(value: unknown): string | undefined {
  if (typeof value === 'string') return value
  if (typeof value === 'number' || typeof value === 'bigint') return String(value)
  const text = value instanceof Uint8Array ? textOrBytes(value) : undefined
  return typeof text === 'string' ? text : undefined
}

/** HF's struct has its file's name. */
function pathOf(value: unknown): string | undefined {
  if (typeof value === 'string' && value !== '' && !value.startsWith('data:')) return value
  const path = (value as { path?: unknown } | null | undefined)?.path
  return typeof path === 'string' && path !== '' ? path : undefined
}

function imageOf(value: unknown, place: TablePlace): Sample['image'] | undefined {
  if (value instanceof Uint8Array) return value.length > 0 ? ownBytes(value) : undefined
  if (typeof value === 'string') return value === '' ? undefined : referredTo(value, place)
  if (typeof value !== 'object' || value === null) return undefined
  const { bytes, path } = value as { bytes?: unknown; path?: unknown }
  return imageOf(bytes, place) ?? (typeof path === 'string' ? imageOf(path, place) : undefined)
}

/** Rows may have one value of a dictionary between them; memory that looks like one image's alone is given away with it. */
const ownBytes = (bytes: Uint8Array): Uint8Array =>
  bytes.byteLength === bytes.buffer.byteLength ? bytes.slice() : bytes

/**
 * What a table names: an address, or a path that is relative to the table. A table of a bucket or of the web may name what
 * lies there and on the web, not this machine's files.
 */
function referredTo(path: string, { address, signal }: TablePlace): Sample['image'] | undefined {
  if (isWeb(path)) return new URL(path)
  if (path.startsWith('data:')) return path
  if (!isAddress(address) && !isAddress(path)) return path.startsWith('/') ? path : join(address, '..', path)
  if (isAddress(address) && (path.startsWith('/') || path.startsWith('file:'))) return undefined
  const target = resolveAddress(path, address)
  if (isWeb(target)) return new URL(target)
  return async () => {
    const { store, key } = openAddress(target)
    const bytes = await store.read(key, undefined, signal)
    if (!bytes) throw missingImage(target)
    return bytes
  }
}
