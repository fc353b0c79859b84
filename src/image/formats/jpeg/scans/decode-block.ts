import { type HuffmanTable, LOOKUP_BITS, signed } from '../headers/huffman-table.ts'
import type { BitReader } from './bit-reader.ts'

/** Where the coefficients of the zigzag order stand in a block; those that damaged files have past its end go to the last. */
export const NATURAL_ORDER: Uint8Array = Uint8Array.from([
  0,
  1,
  8,
  16,
  9,
  2,
  3,
  10,
  17,
  24,
  32,
  25,
  18,
  11,
  4,
  5,
  12,
  19,
  26,
  33,
  40,
  48,
  41,
  34,
  27,
  20,
  13,
  6,
  7,
  14,
  21,
  28,
  35,
  42,
  49,
  56,
  57,
  50,
  43,
  36,
  29,
  22,
  15,
  23,
  30,
  37,
  44,
  51,
  58,
  59,
  52,
  45,
  38,
  31,
  39,
  46,
  53,
  60,
  61,
  54,
  47,
  55,
  62,
  63,
  ...Array.from({ length: 16 }, () => 63),
])

/** What decoding a block of a component needs and changes. */
export interface BlockState {
  readonly dc: HuffmanTable
  readonly ac: HuffmanTable
  /** The DC coefficient of the block before. */
  last: number
}

/** A whole block of a sequential scan into the zeros of `blocks` from `at` on. */
export function decodeSequential(reader: BitReader, state: BlockState, blocks: Int16Array, at: number): void {
  const size = reader.symbol(state.dc)
  if (size > 0) state.last = (state.last + reader.signed(size)) | 0
  blocks[at] = state.last
  // Most of the time goes by here: what the reader holds is held in variables, and read by its own rules.
  const { file } = reader
  const { lookup, whole } = state.ac
  let { bits, held, at: from } = reader
  for (let k = 1; k < 64; k++) {
    if (held < LOOKUP_BITS) {
      const next = file[from]!
      const second = file[from + 1]!
      const third = file[from + 2]!
      const plain = next !== 0xff && second !== 0xff && third !== 0xff
      if (plain && held > 0 && reader.marker === 0 && from + 2 < file.length) {
        bits = (bits << 24) | (next << 16) | (second << 8) | third
        held += 24
        from += 3
      } else {
        reader.hold(bits, held, from)
        reader.fill()
        ;({ bits, held, at: from } = reader)
      }
    }
    const ahead = (bits >>> (held - LOOKUP_BITS)) & ((1 << LOOKUP_BITS) - 1)
    const coefficient = whole[ahead]!
    if (coefficient !== 0) {
      held -= coefficient & 15
      k += (coefficient >> 4) & 15
      blocks[at + NATURAL_ORDER[k]!] = coefficient >> 8
      continue
    }
    let symbol = lookup[ahead]!
    if (symbol !== 0) held -= symbol >> 8
    else {
      reader.hold(bits, held, from)
      symbol = reader.symbol(state.ac)
      ;({ bits, held, at: from } = reader)
    }
    const count = symbol & 15
    const run = (symbol >> 4) & 15
    k += run
    if (count === 0) {
      if (run < 15) break
      continue
    }
    if (held < count) {
      reader.hold(bits, held, from)
      reader.fill()
      ;({ bits, held, at: from } = reader)
    }
    held -= count
    blocks[at + NATURAL_ORDER[k]!] = signed((bits >>> held) & ((1 << count) - 1), count)
  }
  reader.hold(bits, held, from)
}

/** The same code by code. */
export function decodePlainly(reader: BitReader, state: BlockState, blocks: Int16Array, at: number): void {
  const size = reader.symbol(state.dc)
  if (size > 0) state.last = (state.last + reader.signed(size)) | 0
  blocks[at] = state.last
  for (let k = 1; k < 64; k++) {
    const symbol = reader.symbol(state.ac)
    const count = symbol & 15
    const run = symbol >> 4
    k += run
    if (count > 0) blocks[at + NATURAL_ORDER[k]!] = reader.signed(count)
    else if (run < 15) break
  }
}
