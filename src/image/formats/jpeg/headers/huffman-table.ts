import { unreadable } from '../../../image-errors.ts'

/** Codes of up to so many bits are found in one step. */
export const LOOKUP_BITS = 9

/** A Huffman table of a JPEG file, made ready for decoding. */
export interface HuffmanTable {
  /** By the next 9 bits: the code's length · 256 + its symbol, or 0 where the code is longer or does not exist. */
  readonly lookup: Uint16Array
  /**
   * By the next 9 bits, where they hold a code of the AC kind and the bits of its coefficient: the coefficient · 256 + the zeros
   * before it · 16 + how many bits it takes; else 0.
   */
  readonly whole: Int32Array
  /** By length: the largest code, -1 where there is none of it. Ends with one that every code is below. */
  readonly maxCode: Int32Array
  /** By length: what to add to a code to find its symbol. */
  readonly offsets: Int32Array
  readonly symbols: Uint8Array
}

/** From a DHT segment: how many codes there are of 1 to 16 bits, and the symbols in their order. */
export function makeHuffmanTable(counts: Uint8Array, symbols: Uint8Array): HuffmanTable {
  const lookup = new Uint16Array(1 << LOOKUP_BITS)
  const maxCode = new Int32Array(18).fill(-1)
  const offsets = new Int32Array(18)
  let code = 0
  let next = 0
  for (let length = 1; length <= 16; length++, code <<= 1) {
    offsets[length] = next - code
    const count = counts[length - 1]!
    for (let i = 0; i < count; i++, code++, next++) {
      if (length > LOOKUP_BITS) continue
      const first = code << (LOOKUP_BITS - length)
      lookup.fill((length << 8) | symbols[next]!, first, first + (1 << (LOOKUP_BITS - length)))
    }
    // No code is of nothing but ones.
    if (count > 0 && code >= 1 << length)
      throw unreadable('JPEG', 'a Huffman table has more codes than there are')
    if (count > 0) maxCode[length] = code - 1
  }
  maxCode[17] = 0xfffff
  return { lookup, whole: wholeCoefficients(lookup), maxCode, offsets, symbols }
}

function wholeCoefficients(lookup: Uint16Array): Int32Array {
  return Int32Array.from(lookup, (found, bits) => {
    const size = found & 15
    const taken = (found >> 8) + size
    if (size === 0 || taken > LOOKUP_BITS) return 0
    const value = (bits >> (LOOKUP_BITS - taken)) & ((1 << size) - 1)
    return signed(value, size) * 256 + (found & 0xf0) + taken
  })
}

/** A coefficient of so many bits: those that begin with 0 are negative. */
export const signed = (value: number, size: number): number =>
  value < 1 << (size - 1) ? value - (1 << size) + 1 : value
