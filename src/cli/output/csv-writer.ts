import type { FormatFlags } from '../options/common-options.ts'
import { type CsvField, csvRow } from './format-csv.ts'
import type { Terminal } from './terminal.ts'

/** How CSV is written: `--bom`, `--safe`. */
export type CsvStyle = Pick<FormatFlags, 'bom' | 'safe'>

/** Writes the header, and gives what writes the rows. */
export function csvWriter(
  terminal: Terminal,
  header: readonly CsvField[],
  { bom, safe }: CsvStyle,
): (fields: readonly CsvField[]) => void {
  const row = (fields: readonly CsvField[]): void =>
    terminal.data(csvRow(safe ? fields.map(safeField) : fields))
  if (bom) terminal.data('\ufeff')
  row(header)
  return row
}

/**
 * What spreadsheets take for a formula or a command: `= + - @` (full-width ones, too) behind any space, and a tab or a line end,
 * where a cell begins. It may begin within a field: where the list separator of a country is another, lines are cut elsewhere,
 * and quotes do not hold.
 */
const CELL_ENDS = /(?<=[,;|\t\r\n"])/
const RUNS = /^[=+\-@\uff1d\uff0b\uff0d\uff20]/

/** Texts get an apostrophe before what could run; numbers, which only we write, are left as they are. */
function safeField(field: CsvField): CsvField {
  if (typeof field !== 'string') return field
  const safe = field
    .split(CELL_ENDS)
    .map((cell) => (RUNS.test(cell.trimStart()) ? `'${cell}` : cell))
    .join('')
  return /^[\t\r\n]/.test(safe) ? `'${safe}` : safe
}
