import { isObject } from '../../base/json-object.ts'
import { jsonErrorAt } from './json-error-at.ts'
import { invalidTable, type Table, type TableRow } from './table.ts'

/**
 * A table of JSON objects, one a line; empty lines are left out. Its columns are the keys of all of them. Throws `InputError`
 * `input_invalid_table` with line and column.
 */
export function jsonLinesTable(text: string, where: string): Table {
  const rows: TableRow[] = []
  const columns = new Set<string>()
  for (const [i, line] of text.split('\n').entries()) {
    if (line.trim() === '') continue
    const cells = parsed(line, where, i + 1)
    for (const name of Object.keys(cells)) columns.add(name)
    rows.push({ place: i + 1, cells })
  }
  if (rows.length === 0) throw invalidTable(where, 'it is empty. Write a JSON object a line.')
  return { where, unit: 'line', columns: [...columns], read: () => rows }
}

function parsed(line: string, where: string, number: number): TableRow['cells'] {
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch {
    const at = jsonErrorAt(line)
    const why =
      at >= line.trimEnd().length
        ? 'the line ends within it'
        : `${JSON.stringify(line[at])} cannot stand here`
    throw invalidTable(where, `it is not JSON: ${why}. Each line is an object of its own.`, {
      line: number,
      column: at + 1,
    })
  }
  if (isObject(value)) return value
  throw invalidTable(where, 'it is no object. Write one a line: {"image": "a.png", "prompt": "a fox"}.', {
    line: number,
    column: line.search(/\S/) + 1,
  })
}
