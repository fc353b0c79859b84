import type { HuffmanTable } from '../headers/huffman-table.ts'
import type { BitReader } from './bit-reader.ts'
import { type BlockState, NATURAL_ORDER } from './decode-block.ts'

/** The part of the coefficients that a progressive scan brings. */
export interface Progression {
  /** First and last coefficient, in zigzag order. */
  readonly from: number
  readonly to: number
  /** By how many bits the values are shifted. */
  readonly shift: number
  /** Blocks that are still to come without a coefficient of their own. */
  endOfBand: number
}

export function decodeDcFirst(
  reader: BitReader,
  state: BlockState,
  { shift }: Progression,
  blocks: Int16Array,
  at: number,
): void {
  const size = reader.symbol(state.dc)
  if (size > 0) state.last = (state.last + reader.signed(size)) | 0
  blocks[at] = state.last << shift
}

export function decodeDcRefine(
  reader: BitReader,
  { shift }: Progression,
  blocks: Int16Array,
  at: number,
): void {
  if (reader.bit() === 1) blocks[at]! |= 1 << shift
}

/** The blocks of a component of a progressive file. */
export interface CoefficientBlocks {
  readonly coefficients: Int16Array
  /** Of each block, the last coefficient in zigzag order that may be other than 0. */
  readonly lastKnown: Uint8Array
}

export function decodeAcFirst(
  reader: BitReader,
  ac: HuffmanTable,
  band: Progression,
  { coefficients, lastKnown }: CoefficientBlocks,
  at: number,
): void {
  if (band.endOfBand > 0) {
    band.endOfBand--
    return
  }
  let last = lastKnown[at >> 6]!
  for (let k = band.from; k <= band.to; k++) {
    const symbol = reader.symbol(ac)
    const run = symbol >> 4
    const bits = symbol & 15
    if (bits > 0) {
      k += run
      coefficients[at + NATURAL_ORDER[k]!] = reader.signed(bits) << band.shift
      if (k > last) last = k
    } else if (run === 15) {
      k += 15
    } else {
      band.endOfBand = (1 << run) - 1 + (run > 0 ? reader.take(run) : 0)
      break
    }
  }
  lastKnown[at >> 6] = last > 63 ? 63 : last
}

export function decodeAcRefine(
  reader: BitReader,
  ac: HuffmanTable,
  band: Progression,
  blocks: CoefficientBlocks,
  at: number,
): void {
  const { coefficients, lastKnown } = blocks
  const to = band.to
  const bit = 1 << band.shift
  let k = band.from
  if (band.endOfBand > 0 && lastKnown[at >> 6]! < k) {
    band.endOfBand--
    return
  }
  if (band.endOfBand === 0) {
    for (; k <= to; k++) {
      const symbol = reader.symbol(ac)
      const run = symbol >> 4
      let value = 0
      if ((symbol & 15) > 0) {
        value = reader.bit() === 1 ? bit : -bit
      } else if (run !== 15) {
        band.endOfBand = (1 << run) + (run > 0 ? reader.take(run) : 0)
        break
      }
      k = refineRun(reader, blocks, at, k, to, run, bit)
      if (value !== 0) {
        coefficients[at + NATURAL_ORDER[k]!] = value
        if (k > lastKnown[at >> 6]!) lastKnown[at >> 6] = k > 63 ? 63 : k
      }
    }
  }
  if (band.endOfBand > 0) {
    refineRun(reader, blocks, at, k, to, 64, bit)
    band.endOfBand--
  }
}

/**
 * Passes over `run` coefficients that are still zero, from `k` on; those between, which are there already, get one more bit.
 * Returns where the next zero is, `to + 1` where there is none.
 */
function refineRun(
  reader: BitReader,
  { coefficients, lastKnown }: CoefficientBlocks,
  at: number,
  k: number,
  to: number,
  run: number,
  bit: number,
): number {
  const last = Math.min(to, lastKnown[at >> 6]!)
  // Here, too, what the reader holds is held in variables.
  let { bits, held } = reader
  for (; k <= last; k++) {
    const i = at + NATURAL_ORDER[k]!
    const value = coefficients[i]!
    if (value === 0) {
      if (--run < 0) break
      continue
    }
    if (held < 1) {
      reader.fill()
      ;({ bits, held } = reader)
    }
    reader.held = --held
    if (((bits >>> held) & 1) === 1 && (value & bit) === 0)
      coefficients[i] = value >= 0 ? value + bit : value - bit
  }
  return run < 0 ? k : Math.min(k + run, to + 1)
}
