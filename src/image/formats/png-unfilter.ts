import { unreadable } from '../image-errors.ts'

/**
 * Undoes PNG's row filters (PNG specification, section 9): `rows` rows of a filter byte and `rowBytes` bytes, from `at` on.
 * `step` is the bytes a pixel, at least 1. Returns the rows without their filter bytes.
 */
export function unfilter(
  data: Uint8Array,
  at: number,
  rows: number,
  rowBytes: number,
  step: number,
): Uint8Array {
  const out = new Uint8Array(rows * rowBytes)
  for (let y = 0; y < rows; y++) {
    const from = at + y * (rowBytes + 1)
    const to = y * rowBytes
    const end = to + rowBytes
    const filter = data[from]!
    // How far a byte of the input is ahead of its place in the output, and the row above: zeros for the first.
    const ahead = from + 1 - to
    if (filter === 0 || (filter === 2 && y === 0)) {
      out.set(data.subarray(from + 1, from + 1 + rowBytes), to)
    } else if (filter === 1 || (filter === 4 && y === 0)) {
      for (let i = to; i < to + step && i < end; i++) out[i] = data[i + ahead]!
      for (let i = to + step; i < end; i++) out[i] = data[i + ahead]! + out[i - step]!
    } else if (filter === 2) {
      for (let i = to; i < end; i++) out[i] = data[i + ahead]! + out[i - rowBytes]!
    } else if (filter === 3 && y === 0) {
      for (let i = to; i < to + step && i < end; i++) out[i] = data[i + ahead]!
      for (let i = to + step; i < end; i++) out[i] = data[i + ahead]! + (out[i - step]! >> 1)
    } else if (filter === 3) {
      for (let i = to; i < to + step && i < end; i++) out[i] = data[i + ahead]! + (out[i - rowBytes]! >> 1)
      for (let i = to + step; i < end; i++)
        out[i] = data[i + ahead]! + ((out[i - step]! + out[i - rowBytes]!) >> 1)
    } else if (filter === 4) {
      for (let i = to; i < to + step && i < end; i++) out[i] = data[i + ahead]! + out[i - rowBytes]!
      for (let i = to + step; i < end; i++) {
        const left = out[i - step]!
        const above = out[i - rowBytes]!
        const corner = out[i - rowBytes - step]!
        const p = above - corner
        const q = left - corner
        const a = p < 0 ? -p : p
        const b = q < 0 ? -q : q
        const c = p + q < 0 ? -p - q : p + q
        out[i] = data[i + ahead]! + (a <= b && a <= c ? left : b <= c ? above : corner)
      }
    } else {
      throw unreadable('PNG', `there is no row filter ${filter}`)
    }
  }
  return out
}
