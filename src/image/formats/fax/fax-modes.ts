/** The modes of two-dimensional coding (ITU-T T.4 and T.6, table 4) that are no vertical ones. */
export const PASS = 10
export const HORIZONTAL = 11
export const EXTENSION = 12
export const LINE_END = 13

/** By the next seven bits: `PASS`, `HORIZONTAL` and so on, or by how many pixels the change lies right of the one above. */
export const MODES: Int8Array = new Int8Array(128)
/** By the same, the bits of the mode's code. */
export const MODE_BITS: Uint8Array = new Uint8Array(128)

const lay = (from: number, to: number, mode: number, length: number): void => {
  MODES.fill(mode, from, to)
  MODE_BITS.fill(length, from, to)
}
lay(0, 1, LINE_END, 7)
lay(1, 2, EXTENSION, 7)
lay(2, 3, -3, 7)
lay(3, 4, 3, 7)
lay(4, 6, -2, 6)
lay(6, 8, 2, 6)
lay(8, 16, PASS, 4)
lay(16, 32, HORIZONTAL, 3)
lay(32, 48, -1, 3)
lay(48, 64, 1, 3)
lay(64, 128, 0, 1)
