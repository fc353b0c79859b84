import type { RangeReader } from './range-reader.ts'

const STATES = 12
const LENGTHS = 2 + 16 * 8 + 16 * 8 + 256

/** LZMA's probabilities and what it remembers, by the public domain LZMA specification of Igor Pavlov. */
export class LzmaModel {
  readonly #literalContext: number
  readonly #literalPosition: number
  readonly #position: number
  readonly #isMatch = new Uint16Array(STATES << 4)
  readonly #isRep = new Uint16Array(STATES)
  readonly #isRep0 = new Uint16Array(STATES)
  readonly #isRep1 = new Uint16Array(STATES)
  readonly #isRep2 = new Uint16Array(STATES)
  readonly #isRep0Long = new Uint16Array(STATES << 4)
  readonly #slots = new Uint16Array(4 << 6)
  readonly #distances = new Uint16Array(115)
  readonly #align = new Uint16Array(16)
  readonly #lengths = new Uint16Array(LENGTHS)
  readonly #repLengths = new Uint16Array(LENGTHS)
  readonly #literals: Uint16Array
  readonly #reps = [0, 0, 0, 0]
  #state = 0
  /** False where the last match of a chunk reached over its end. */
  whole = true

  constructor(literalContext: number, literalPosition: number, position: number) {
    this.#literalContext = literalContext
    this.#literalPosition = literalPosition
    this.#position = position
    this.#literals = new Uint16Array(0x300 << (literalContext + literalPosition))
    this.reset()
  }

  /** By the byte of properties; `undefined` where there are none such. */
  static of(properties: number): LzmaModel | undefined {
    const context = properties % 9
    const rest = Math.floor(properties / 9)
    if (rest >= 45 || properties > 224 || context + (rest % 5) > 4) return undefined
    return new LzmaModel(context, rest % 5, Math.floor(rest / 5))
  }

  reset(): void {
    this.#state = 0
    this.#reps.fill(0)
    for (const probabilities of [
      this.#isMatch,
      this.#isRep,
      this.#isRep0,
      this.#isRep1,
      this.#isRep2,
      this.#isRep0Long,
      this.#slots,
      this.#distances,
      this.#align,
      this.#lengths,
      this.#repLengths,
      this.#literals,
    ]) {
      probabilities.fill(1024)
    }
  }

  /** Writes `out` from `at` to `to`; what lies from `start` on is the dictionary. Returns how far it came. */
  decode(range: RangeReader, out: Uint8Array, start: number, at: number, to: number): number {
    const positions = (1 << this.#position) - 1
    while (at < to && range.right) {
      const position = (at - start) & positions
      if (range.bit(this.#isMatch, (this.#state << 4) + position) === 0) {
        out[at] = this.#readLiteral(range, out, start, at)
        // At the very end, what was read may have been made up.
        if (range.right) at++
        continue
      }
      const length = this.#readMatch(range, position)
      const distance = this.#reps[0]! + 1
      if (!range.right || distance > at - start) break
      this.whole = at + length <= to
      const end = Math.min(to, at + length)
      for (; at < end; at++) out[at] = out[at - distance]!
    }
    return at
  }

  #readLiteral(range: RangeReader, out: Uint8Array, start: number, at: number): number {
    const before = at > start ? out[at - 1]! : 0
    const low = (at - start) & ((1 << this.#literalPosition) - 1)
    const offset = 0x300 * ((low << this.#literalContext) + (before >> (8 - this.#literalContext)))
    const literals = this.#literals
    let symbol = 1
    if (this.#state >= 7) {
      let match = out[at - this.#reps[0]! - 1] ?? 0
      while (symbol < 256) {
        const bit = (match >> 7) & 1
        match = (match << 1) & 255
        const read = range.bit(literals, offset + ((1 + bit) << 8) + symbol)
        symbol = symbol * 2 + read
        if (bit !== read) break
      }
    }
    while (symbol < 256) symbol = symbol * 2 + range.bit(literals, offset + symbol)
    if (this.#state < 4) this.#state = 0
    else this.#state -= this.#state < 10 ? 3 : 6
    return symbol & 255
  }

  /** Returns the length, its distance is the first of `reps`. */
  #readMatch(range: RangeReader, position: number): number {
    const state = this.#state
    const reps = this.#reps
    if (range.bit(this.#isRep, state) === 0) {
      reps.copyWithin(1, 0, 3)
      const length = this.#readLength(range, this.#lengths, position)
      this.#state = state < 7 ? 7 : 10
      reps[0] = this.#readDistance(range, Math.min(length - 2, 3))
      return length
    }
    if (range.bit(this.#isRep0, state) === 0) {
      if (range.bit(this.#isRep0Long, (state << 4) + position) === 0) {
        this.#state = state < 7 ? 9 : 11
        return 1
      }
    } else {
      let which = 1
      if (range.bit(this.#isRep1, state) === 1) which = range.bit(this.#isRep2, state) === 0 ? 2 : 3
      const distance = reps[which]!
      reps.copyWithin(1, 0, which)
      reps[0] = distance
    }
    this.#state = state < 7 ? 8 : 11
    return this.#readLength(range, this.#repLengths, position)
  }

  #readLength(range: RangeReader, lengths: Uint16Array, position: number): number {
    if (range.bit(lengths, 0) === 0) return 2 + range.tree(lengths, 2 + (position << 3), 3)
    if (range.bit(lengths, 1) === 0) return 10 + range.tree(lengths, 130 + (position << 3), 3)
    return 18 + range.tree(lengths, 258, 8)
  }

  #readDistance(range: RangeReader, length: number): number {
    const slot = range.tree(this.#slots, length << 6, 6)
    if (slot < 4) return slot
    const bits = (slot >> 1) - 1
    const base = (2 | (slot & 1)) * 2 ** bits
    if (slot < 14) return base + range.reverseTree(this.#distances, base - slot, bits)
    return base + range.direct(bits - 4) * 16 + range.reverseTree(this.#align, 0, 4)
  }
}
