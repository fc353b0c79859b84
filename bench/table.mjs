// Tables in Markdown that are also readable as they are, and numbers in three digits.
import { median } from './statistics.mjs'

export function table(header, rows) {
  const widths = header.map((cell, i) => Math.max(3, cell.length, ...rows.map((row) => row[i].length)))
  const line = (cells) =>
    `| ${cells.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i]))).join(' | ')} |`
  const rule = `|${widths.map((width, i) => (i === 0 ? '-'.repeat(width + 2) : `${'-'.repeat(width + 1)}:`)).join('|')}|`
  return [line(header), rule, ...rows.map(line)].join('\n')
}

export function number(value) {
  if (value === 0) return '0'
  const whole = Math.floor(Math.log10(Math.abs(value))) + 1
  return value.toFixed(Math.min(6, Math.max(0, 3 - Math.max(0, whole), 2 - whole)))
}

/** The median of the rounds, with their least and greatest: `0.93 (0.91–0.97)`. */
export function spread(values) {
  if (!values?.length) return '–'
  const middle = number(median(values))
  return values.length > 1
    ? `${middle} (${number(Math.min(...values))}–${number(Math.max(...values))})`
    : middle
}

/** The same of what each value was before: images a second from seconds an image, say. */
export const spreadOf = (values, convert) => spread(values?.map(convert))

export const gibibytes = (bytes) => (bytes === undefined ? '–' : `${(bytes / 2 ** 30).toFixed(2)} GiB`)

export const gigabytes = (bytes) =>
  bytes >= 1e8 ? `${(bytes / 1e9).toFixed(1)} GB` : `${Math.ceil(bytes / 1e6)} MB`
