// Tables in Markdown that are also readable as they are, and numbers in three digits.

/** @typedef {import('./statistics.mjs').Summary} Summary */

/**
 * @param {readonly string[]} header
 * @param {readonly (readonly string[])[]} rows
 */
export function table(header, rows) {
  const widths = header.map((cell, i) => Math.max(3, cell.length, ...rows.map((row) => row[i].length)))
  const line = (/** @type {readonly string[]} */ cells) =>
    `| ${cells.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i]))).join(' | ')} |`
  const rule = `|${widths.map((width, i) => (i === 0 ? '-'.repeat(width + 2) : `${'-'.repeat(width + 1)}:`)).join('|')}|`
  return [line(header), rule, ...rows.map(line)].join('\n')
}

/** @param {number} value */
export function number(value) {
  if (!Number.isFinite(value)) return String(value)
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : Math.abs(value) >= 0.0995 ? 2 : 3
  return value.toFixed(digits)
}

/**
 * A median with its least and greatest value: `0.93 (0.91–0.97)`.
 * @param {Summary | undefined} summary
 * @param {(value: number) => number} [convert]
 */
export function spread(summary, convert = (value) => value) {
  if (!summary) return '–'
  const [low, high] = [convert(summary.low), convert(summary.high)].sort((a, b) => a - b)
  const middle = number(convert(summary.median))
  return summary.n > 1 ? `${middle} (${number(low)}–${number(high)})` : middle
}

/** @param {number} bytes */
export function gibibytes(bytes) {
  return `${(bytes / 2 ** 30).toFixed(2)} GiB`
}

/** @param {number} bytes */
export function gigabytes(bytes) {
  return bytes >= 1e8 ? `${(bytes / 1e9).toFixed(1)} GB` : `${Math.ceil(bytes / 1e6)} MB`
}
