import { separatedRecords } from './separated-records.ts'
import { invalidTable, type Table, type TableRow } from './table.ts'

/**
 * A table of comma- or tab-separated values, whose first record names its columns. Throws `InputError` `input_invalid_table`
 * where there is none, and, as rows are read, for one with more or fewer fields.
 */
export function separatedTable(text: string, where: string, separator: ',' | '\t'): Table {
  const options = { separator, looseQuotes: separator === '\t' }
  const header = separatedRecords(text, where, options).next()
  if (header.done) throw invalidTable(where, 'it is empty. Its first line names its columns.')
  const columns = header.value.fields.map((name) => name.trim())
  const [other] = columns.length === 1 ? (/[;\t|]/.exec(columns[0]!) ?? []) : []
  if (other !== undefined)
    throw invalidTable(
      where,
      `its columns are set apart by ${JSON.stringify(other)}. Save it with commas (.csv) or tabs (.tsv).`,
      { line: header.value.line },
    )
  const twice = columns.find((name, i) => columns.indexOf(name) !== i)
  if (twice !== undefined)
    throw invalidTable(where, `two columns are called ${JSON.stringify(twice)}. Rename one.`, {
      line: header.value.line,
    })
  return {
    where,
    unit: 'line',
    columns,
    read: (wanted) => rowsOf(text, where, options, columns, wanted),
  }
}

function* rowsOf(
  text: string,
  where: string,
  options: Parameters<typeof separatedRecords>[2],
  columns: readonly string[],
  wanted: readonly string[],
): Generator<TableRow> {
  const places = wanted.map((name) => [name, columns.indexOf(name)] as const)
  const records = separatedRecords(text, where, options)
  records.next()
  for (const { line, fields } of records) {
    if (fields.length !== columns.length) {
      const more = options.separator === ',' ? ' A field with a comma in it needs quotes around it.' : ''
      throw invalidTable(
        where,
        `there are ${fields.length} fields, but ${columns.length} columns.${fields.length > columns.length ? more : ''}`,
        { line, column: Math.min(fields.length, columns.length) + 1 },
      )
    }
    const cells: Record<string, unknown> = {}
    for (const [name, i] of places) cells[name] = fields[i]
    yield { place: line, cells }
  }
}
