import { InputError } from '../../base/errors.ts'

/** A table of a file, read as it is asked for. */
export interface Table {
  /** The file, as messages name it. */
  readonly where: string
  /** What a place in it is counted in, from 1. */
  readonly unit: 'line' | 'row'
  /** In their order. */
  readonly columns: readonly string[]
  /** The rows with these columns; those that a row lacks are undefined. Throws `InputError` `input_invalid_table`. */
  read(columns: readonly string[]): Iterable<TableRow> | AsyncIterable<TableRow>
}

export interface TableRow {
  readonly place: number
  readonly cells: Readonly<Record<string, unknown>>
}

/** A table that cannot be meant, with its place: `column` is a number of characters from 1, or a column's name. */
export function invalidTable(
  where: string,
  why: string,
  place: { readonly line?: number; readonly row?: number; readonly column?: number | string } = {},
): InputError {
  const { line, row, column } = place
  const told = [
    line === undefined ? undefined : `line ${line}`,
    row === undefined ? undefined : `row ${row}`,
    column === undefined ? undefined : `column ${column}`,
  ].filter((part) => part !== undefined)
  const at = told.length > 0 ? `, ${told.join(', ')}` : ''
  return new InputError('input_invalid_table', `${where}${at}: ${why}`, { where, ...place })
}
