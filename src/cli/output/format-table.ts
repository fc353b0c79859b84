import { displayWidth, truncateMiddle } from './display-width.ts'

export interface TableColumn {
  readonly header: string
  readonly align: 'left' | 'right'
  /** Cells its values need at most; default that of the header. The last column takes what the line has left. */
  readonly width?: number
}

/** Lines of a table that can be written one by one: widths are settled before the first row. */
export class Table {
  readonly #columns: readonly (TableColumn & { readonly width: number })[]
  readonly #lineWidth: number

  /** `lineWidth`: cells a line may take; without it nothing is cut. */
  constructor(columns: readonly TableColumn[], lineWidth: number = Infinity) {
    this.#columns = columns.map((column) => ({
      ...column,
      width: Math.max(column.width ?? 0, displayWidth(column.header)),
    }))
    this.#lineWidth = lineWidth
  }

  header(): string {
    return this.row(this.#columns.map(({ header }) => header))
  }

  row(values: readonly string[]): string {
    let line = ''
    this.#columns.forEach(({ align, width }, i) => {
      const last = i === this.#columns.length - 1
      const gap = i === 0 ? '' : '  '
      const value = last
        ? truncateMiddle(values[i]!, Math.max(8, this.#lineWidth - displayWidth(line) - gap.length))
        : values[i]!
      const space = ' '.repeat(Math.max(0, width - displayWidth(value)))
      const before = align === 'right' ? space : ''
      const after = align === 'right' || last ? '' : space
      line += gap + before + value + after
    })
    return line
  }
}

/** A whole table at once: each column as wide as its widest value. */
export function formatTable(
  columns: readonly Omit<TableColumn, 'width'>[],
  rows: readonly (readonly string[])[],
  lineWidth?: number,
): string[] {
  const sized = columns.map((column, i) => ({
    ...column,
    width: rows.reduce((width, row) => Math.max(width, displayWidth(row[i]!)), 0),
  }))
  // The last column is cut to the line, so it must not widen it.
  const table = new Table([...sized.slice(0, -1), columns.at(-1)!], lineWidth)
  return [table.header(), ...rows.map((row) => table.row(row))]
}
