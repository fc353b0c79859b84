import type { Plane } from './avif-planes.ts'

/*
 * libyuv's ways of making planes smaller by whole ratios (scale_common.cc; x86 code where it rounds otherwise).
 */

/** A plane, and how many samples it has in a row and rows. */
export interface Source {
  readonly plane: Plane
  readonly width: number
  readonly height: number
}

/** Means of 2×2 or 4×4 samples. */
export function blocks({ plane, width: from }: Source, out: Plane, width: number, size: 2 | 4): Plane {
  const shift = size === 2 ? 2 : 4
  for (let i = 0; i < out.length; i++) {
    const at = Math.floor(i / width) * size * from + (i % width) * size
    let sum = 1 << (shift - 1)
    for (let y = 0; y < size; y++) for (let x = 0; x < size; x++) sum += plane[at + y * from + x]!
    out[i] = sum >> shift
  }
  return out
}

/** How many columns of a row x86 does at once, in its own way, with bytes; the rest is done as with 16 bits. */
const X86_34 = 24
const X86_38 = 6

/** ScaleRowDown34_0_Box, ScaleRowDown34_1_Box: 4×4 samples to 3×3. */
export function down34({ plane, width: from }: Source, out: Plane, width: number, depth: number): Plane {
  const mix = (a: number, b: number, k: number): number => {
    if (k === 1) return (a + b + 1) >> 1
    return k === 0 ? (3 * a + b + 2) >> 2 : (a + 3 * b + 2) >> 2
  }
  const mean = (a: number, b: number): number => (a + b + 1) >> 1
  const x86 = depth === 8 ? width - (width % X86_34) : 0
  for (let i = 0; i < out.length; i++) {
    const [x, y] = [i % width, Math.floor(i / width)]
    const at = (Math.floor(y / 3) * 4 + (y % 3)) * from + Math.floor(x / 3) * 4 + (x % 3)
    const [a, b, c, d] = [plane[at]!, plane[at + 1]!, plane[at + from]!, plane[at + from + 1]!]
    if (x < x86) {
      // Rows first, quarters as the mean of a mean.
      const rows = (top: number, below: number): number => {
        const middle = mean(top, below)
        return y % 3 === 1 ? middle : mean(y % 3 === 0 ? top : below, middle)
      }
      out[i] = mix(rows(a, c), rows(b, d), x % 3)
    } else {
      out[i] = mix(mix(a, b, x % 3), mix(c, d, x % 3), y % 3)
    }
  }
  return out
}

/** ScaleRowDown38_3_Box, ScaleRowDown38_2_Box: 8×8 samples to 3×3, in parts of 3, 3 and 2. */
export function down38({ plane, width: from }: Source, out: Plane, width: number, depth: number): Plane {
  const x86 = depth === 8 ? width - (width % X86_38) : 0
  for (let i = 0; i < out.length; i++) {
    const [x, y] = [i % width, Math.floor(i / width)]
    const at = (Math.floor(y / 3) * 8 + (y % 3) * 3) * from + Math.floor(x / 3) * 8 + (x % 3) * 3
    const columns = x % 3 === 2 ? 2 : 3
    const rows = y % 3 === 2 ? 2 : 3
    // Of two rows, x86 takes the means first.
    const means = rows === 2 && x < x86
    let sum = 0
    for (let dx = 0; dx < columns; dx++) {
      let column = 0
      for (let dy = 0; dy < rows; dy++) column += plane[at + dy * from + dx]!
      sum += means ? (column + 1) >> 1 : column
    }
    out[i] = Math.floor((sum * Math.floor(65536 / (means ? columns : columns * rows))) / 65536)
  }
  return out
}
