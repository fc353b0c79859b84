import type { ArithmeticReader } from './arithmetic-reader.ts'
import { NATURAL_ORDER } from './decode-block.ts'
import type { Progression } from './decode-progressive.ts'

/** What is learned and kept of a component in an arithmetically coded scan. */
export interface ArithmeticState {
  /** 64 states; components of the same table share them. */
  readonly dc: Uint8Array
  /** 256 states. */
  readonly ac: Uint8Array
  /** Differences of DC that count as small and as large, as powers of 2. */
  readonly lower: number
  readonly upper: number
  /** The last coefficient, in zigzag order, that counts as low. */
  readonly lowAc: number
  /** The DC coefficient of the block before. */
  last: number
  /** Which states the next difference of DC starts from. */
  context: number
}

/** The next DC coefficient (T.81, figures F.19 and F.21 to F.24). */
export function decodeDc(reader: ArithmeticReader, state: ArithmeticState): number {
  const { dc, lower, upper } = state
  let at = state.context
  if (!reader.decide(dc, at)) {
    state.context = 0
    return state.last
  }
  const sign = reader.decide(dc, at + 1)
  at += 2 + sign
  let size: number = reader.decide(dc, at)
  if (size > 0) {
    for (at = 20; reader.decide(dc, at); at++) if ((size <<= 1) === 0x8000) return giveUp(reader, 0)
  }
  state.context = size < (1 << lower) >> 1 ? 0 : (size > (1 << upper) >> 1 ? 12 : 4) + sign * 4
  const value = magnitude(reader, dc, at, size)
  state.last += sign ? -value : value
  return state.last
}

/** The AC coefficients of a scan's band, each shifted (figure F.20). Returns whether there are any. */
export function decodeAc(
  reader: ArithmeticReader,
  { ac, lowAc }: ArithmeticState,
  { from, to, shift }: Omit<Progression, 'endOfBand'>,
  blocks: Int16Array,
  start: number,
): boolean {
  let any = false
  for (let k = from; k <= to; k++) {
    let at = 3 * (k - 1)
    if (reader.decide(ac, at)) break
    while (!reader.decide(ac, at + 1)) {
      at += 3
      if (++k > to) return giveUp(reader, any)
    }
    const sign = reader.bit()
    at += 2
    let size: number = reader.decide(ac, at)
    if (size > 0 && reader.decide(ac, at)) {
      size <<= 1
      for (at = k <= lowAc ? 189 : 217; reader.decide(ac, at); at++)
        if ((size <<= 1) === 0x8000) return giveUp(reader, any)
    }
    const value = magnitude(reader, ac, at, size)
    blocks[start + NATURAL_ORDER[k]!] = (sign ? -value : value) << shift
    any = true
  }
  return any
}

/** One more bit of the AC coefficients of a scan's band (figure G.10). */
export function refineAc(
  reader: ArithmeticReader,
  { ac }: ArithmeticState,
  { from, to, shift }: Progression,
  blocks: Int16Array,
  start: number,
): void {
  const bit = 1 << shift
  let known = to
  while (known > 0 && blocks[start + NATURAL_ORDER[known]!] === 0) known--
  for (let k = from; k <= to; k++) {
    let at = 3 * (k - 1)
    if (k > known && reader.decide(ac, at)) break
    for (;;) {
      const i = start + NATURAL_ORDER[k]!
      const value = blocks[i]!
      if (value !== 0) {
        if (reader.decide(ac, at + 2)) blocks[i] = value < 0 ? value - bit : value + bit
        break
      }
      if (reader.decide(ac, at + 1)) {
        blocks[i] = reader.bit() ? -bit : bit
        break
      }
      at += 3
      if (++k > to) {
        reader.starved = true
        return
      }
    }
  }
}

/** The bits below the highest one of `size`, and 1 (figure F.24). */
function magnitude(reader: ArithmeticReader, states: Uint8Array, at: number, size: number): number {
  let value = size
  while ((size >>= 1) > 0) if (reader.decide(states, at + 14)) value |= size
  return value + 1
}

/** As libjpeg: what comes before the next restart marker is left as it is. */
function giveUp<T>(reader: ArithmeticReader, result: T): T {
  reader.starved = true
  return result
}
