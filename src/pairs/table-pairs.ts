import { show } from '../base/errors.ts'
import { isObject, type JsonObject } from '../base/json-object.ts'
import type { PairColumns } from './pair-columns.ts'
import { invalidTable, type Table, type TableRow } from './tables/table.ts'

/** An image of a table, with its prompt. */
export interface TablePair {
  /** A path or an address, as it stands there. */
  readonly image: string
  /** Undefined where the row has none. */
  readonly prompt: string | undefined
  /** What it is ranked within, where that is not its prompt. */
  readonly group: string | undefined
  /** The line or row that it stands in, from 1. */
  readonly place: number
}

/** The pairs of a table, row by row; a row with a list of images gives one each. Throws `InputError` `input_invalid_table`. */
export async function* tablePairs(table: Table, columns: PairColumns): AsyncGenerator<TablePair> {
  const wanted = [...new Set(Object.values(columns).flat())]
  const hasGroups = columns.group.length > 0
  for await (const row of table.read(wanted)) {
    const fail: Fail = (why, column) => {
      throw invalidTable(table.where, why, { [table.unit]: row.place, column: show(column) })
    }
    const prompt = textOf(cellOf(row, columns.prompt), fail)
    const group = hasGroups ? groupOf(cellOf(row, columns.group), fail) : undefined
    for (const image of imagesOf(cellOf(row, columns.image), fail))
      yield { image, prompt, group, place: row.place }
  }
}

/** The first of the columns that the row has. */
function cellOf({ cells }: TableRow, names: readonly string[]): Cell {
  for (const name of names) if (cells[name] !== undefined) return [name, cells[name]]
  return [names[0]!, undefined]
}

type Fail = (why: string, column: string) => never
type Cell = readonly [name: string, value: unknown]

function imagesOf([name, value]: Cell, fail: Fail): readonly string[] {
  const list = Array.isArray(value) ? (value as unknown[]) : [value]
  if (list.length === 0) return fail('the list of images is empty.', name)
  return list.map((entry) => {
    // As Hugging Face's data sets have pictures: the file, or where it lies.
    const path = isRecord(entry) && !entry['bytes'] ? entry['path'] : entry
    if (typeof path === 'string' && path.trim() !== '' && !path.includes('\0')) return path
    // Bytes of a column that does not say what they are come as text.
    if (
      (typeof path === 'string' && path.includes('\0')) ||
      path instanceof Uint8Array ||
      (isRecord(path) && path['bytes'])
    )
      return fail(
        'it holds pictures themselves, not where they lie. Name a column of paths: image=NAME.',
        name,
      )
    return fail(
      path === undefined || path === null || path === ''
        ? 'there is no image.'
        : `${show(path)} is no path of an image.`,
      name,
    )
  })
}

function textOf([name, value]: Cell, fail: Fail): string | undefined {
  if (value === undefined || value === null) return undefined
  if (typeof value === 'string') return value.trim() === '' ? undefined : value
  if (value instanceof Uint8Array) return fail('the prompt is not UTF-8. Save it as UTF-8.', name)
  return fail(`a prompt is a text, not ${show(value)}.`, name)
}

function groupOf([name, value]: Cell, fail: Fail): string | undefined {
  if (value === undefined || value === null || value === '') return undefined
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'bigint')
    return String(value)
  return fail(`a group is a text or a number, not ${show(value)}.`, name)
}

/** Parquet has records, and bytes. */
const isRecord = (value: unknown): value is JsonObject => isObject(value) && !ArrayBuffer.isView(value)
