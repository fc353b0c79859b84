/** The modes of two-dimensional coding (ITU-T T.4 and T.6, table 4) that are no vertical ones. */
export const PASS = 10
export const HORIZONTAL = 11
export const EXTENSION = 12
export const LINE_END = 13

/** `PASS`, `HORIZONTAL` and so on, or by how many pixels the change lies right of the one above; and the bits of its code. */
export function readMode(bits: number): readonly [mode: number, length: number] {
  if (bits >= 64) return [0, 1]
  if (bits >= 32) return [bits & 16 ? 1 : -1, 3]
  if (bits >= 16) return [HORIZONTAL, 3]
  if (bits >= 8) return [PASS, 4]
  if (bits >= 4) return [bits & 2 ? 2 : -2, 6]
  if (bits >= 2) return [bits & 1 ? 3 : -3, 7]
  return bits === 1 ? [EXTENSION, 7] : [LINE_END, 7]
}
