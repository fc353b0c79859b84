export interface Codes {
  /** How many codes there are of each length. */
  readonly counts: Uint16Array
  readonly symbols: Uint16Array
  /** By the next 9 bits: the code's length · 512 + its symbol; 0 where it is longer. */
  readonly lookup: Uint16Array
  /** Codes that are not given away; less than 0 for too many. */
  readonly left: number
  readonly longest: number
}
export interface Tables {
  readonly lengths: Codes
  readonly distances: Codes
}

export function makeCodes(lengths: Uint8Array): Codes {
  const counts = new Uint16Array(16)
  for (const length of lengths) counts[length]!++
  counts[0] = 0
  const starts = new Uint16Array(17)
  let left = 1
  let longest = 0
  for (let length = 1; length <= 15; length++) {
    left = left * 2 - counts[length]!
    starts[length + 1] = starts[length]! + counts[length]!
    if (counts[length]! > 0) longest = length
  }
  const symbols = new Uint16Array(lengths.length)
  for (const [symbol, length] of lengths.entries()) if (length > 0) symbols[starts[length]!++] = symbol
  return { counts, symbols, lookup: lookupOf(counts, symbols), left, longest }
}

function lookupOf(counts: Uint16Array, symbols: Uint16Array): Uint16Array {
  const lookup = new Uint16Array(1 << LOOKUP_BITS)
  let code = 0
  let index = 0
  for (let length = 1; length <= LOOKUP_BITS; length++, code <<= 1) {
    for (let i = counts[length]!; i > 0; i--, code++, index++) {
      let turned = 0
      for (let bit = 0; bit < length; bit++) turned |= ((code >> bit) & 1) << (length - 1 - bit)
      for (let at = turned; at < lookup.length; at += 1 << length)
        lookup[at] = (length << 9) | symbols[index]!
    }
  }
  return lookup
}

export const LOOKUP_BITS = 9

/** A set may be incomplete only where it has one code of one bit, or none. */
export const isUsable = ({ left, longest }: Codes): boolean => left === 0 || (left > 0 && longest <= 1)

export const ORDER: readonly number[] = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15]
/** Of the symbols from 16: the shortest run, and the bits that lengthen it. */
export const RUNS: readonly (readonly [number, number])[] = [
  [3, 2],
  [3, 3],
  [11, 7],
]
export const LENGTH_BITS: readonly number[] = [
  0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0,
]
export const DISTANCE_BITS: readonly number[] = Array.from({ length: 30 }, (_, i) =>
  Math.max(0, (i >> 1) - 1),
)
export const LENGTHS: readonly number[] = LENGTH_BITS.map((_, i) =>
  i === 28 ? 258 : 3 + LENGTH_BITS.slice(0, i).reduce((sum, bits) => sum + 2 ** bits, 0),
)
export const DISTANCES: readonly number[] = DISTANCE_BITS.map(
  (_, i) => 1 + DISTANCE_BITS.slice(0, i).reduce((sum, bits) => sum + 2 ** bits, 0),
)

export const FIXED: Tables = {
  lengths: makeCodes(new Uint8Array(288).fill(8).fill(9, 144, 256).fill(7, 256, 280)),
  distances: makeCodes(new Uint8Array(30).fill(5)),
}
