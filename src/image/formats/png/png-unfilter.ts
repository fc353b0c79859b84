import { unreadable } from '../../image-errors.ts'

/**
 * Undoes a PNG row filter in place (PNG specification, section 9). `row` is the filter byte and the row behind it, `above` the
 * same of the row before, zeros for the first. `step` is the bytes a pixel, at least 1.
 */
export function unfilterRow(row: Uint8Array, above: Uint8Array, step: number): void {
  const end = row.length
  switch (row[0]) {
    case 0:
      break
    case 1:
      for (let i = 1 + step; i < end; i++) row[i]! += row[i - step]!
      break
    case 2:
      for (let i = 1; i < end; i++) row[i]! += above[i]!
      break
    case 3:
      for (let i = 1; i <= step && i < end; i++) row[i]! += above[i]! >> 1
      for (let i = 1 + step; i < end; i++) row[i]! += (row[i - step]! + above[i]!) >> 1
      break
    case 4:
      for (let i = 1; i <= step && i < end; i++) row[i]! += above[i]!
      for (let i = 1 + step; i < end; i++) {
        const left = row[i - step]!
        const up = above[i]!
        const corner = above[i - step]!
        const p = up - corner
        const q = left - corner
        const a = p < 0 ? -p : p
        const b = q < 0 ? -q : q
        const c = p + q < 0 ? -p - q : p + q
        let nearest = corner
        if (a <= b && a <= c) nearest = left
        else if (b <= c) nearest = up
        row[i]! += nearest
      }
      break
    default:
      throw unreadable('PNG', `there is no row filter ${row[0]}`)
  }
}
