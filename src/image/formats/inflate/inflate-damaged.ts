import {
  type Codes,
  DISTANCE_BITS,
  DISTANCES,
  FIXED,
  isUsable,
  LENGTH_BITS,
  LENGTHS,
  LOOKUP_BITS,
  makeCodes,
  ORDER,
  RUNS,
  type Tables,
} from './inflate-codes.ts'

/** How far zlib came: to the end of the stream, until there was no more room or no more data, or to where it is damaged. */
export type Inflated = 'ended' | 'full' | 'damaged'

export interface InflatePieces {
  /** Where the pieces end that zlib is given one after the other; by default, it is given all at once. */
  readonly ends?: readonly number[]
  /** From this byte on, zlib is asked once more, and that only where a byte is left that it has not seen. */
  readonly lastAsked?: number | undefined
}

/**
 * Undoes zlib compression of damaged data as far as zlib would (RFC 1950, 1951): fills `out` with what comes before the damage.
 * As zlib, it stops where more room would be needed, and so does not see damage behind that; but where `out` is full with the
 * last byte, the checksum is compared, if it is in the same piece. For what the platform's own inflate throws at.
 */
export function inflateDamaged(data: Uint8Array, out: Uint8Array, pieces: InflatePieces = {}): Inflated {
  const head = ((data[0] ?? 0) << 8) | (data[1] ?? 0)
  // Deflate with a window of up to 32 KiB, and no dictionary.
  if (data.length < 2 || head % 31 !== 0 || (head & 0x0f00) !== 0x0800 || head >> 12 > 7 || head & 0x20)
    return 'damaged'
  return new Inflater(data, out, 1 << ((head >> 12) + 8), pieces).run()
}

class Inflater {
  readonly #data: Uint8Array
  readonly #out: Uint8Array
  readonly #window: number
  readonly #ends: readonly number[]
  readonly #lastAsked: number
  /** Where the data ends, or, with `out` full, the piece. */
  #limit: number
  #at = 2
  #buffer = 0
  #held = 0
  #length = 0
  /** More bits were asked for than there are. */
  #ended = false
  /** zlib was not asked for the last bytes. */
  #unasked = false

  constructor(data: Uint8Array, out: Uint8Array, window: number, { ends, lastAsked }: InflatePieces) {
    this.#data = data
    this.#out = out
    this.#window = window
    this.#ends = ends ?? [data.length]
    this.#lastAsked = lastAsked ?? -1
    this.#limit = data.length
  }

  run(): Inflated {
    const went = this.#run()
    return this.#unasked ? 'damaged' : went
  }

  #run(): Inflated {
    for (let last = 0; !last;) {
      last = this.#bits(1)
      const kind = this.#bits(2)
      if (this.#ended) return this.#full ? 'full' : 'damaged'
      if (kind === 3) return 'damaged'
      const went = kind === 0 ? this.#copy() : this.#block(kind)
      if (went === 'full') return 'full'
      if (went === 'bad') return this.#ended && this.#full ? 'full' : 'damaged'
    }
    this.#bits(this.#held & 7)
    const check = [0, 0, 0, 0].map(() => this.#bits(8))
    if (!this.#full) return 'damaged'
    if (this.#ended) return 'full'
    return check.reduce((sum, byte) => sum * 256 + byte, 0) === adler32(this.#out) ? 'ended' : 'damaged'
  }

  /** Notes that so many bytes have been put out. */
  #put(count: number): void {
    const before = this.#length
    this.#length += count
    const asked = this.#lastAsked
    if (before <= asked && this.#length > asked && this.#seen >= this.#data.length) this.#unasked = true
    if (!this.#full) return
    // With nothing more to put out, zlib goes on to the end of its piece.
    const seen = this.#seen
    this.#limit = this.#ends.find((end) => end >= seen) ?? this.#data.length
    this.#at = seen
    this.#held &= 7
    this.#buffer &= (1 << this.#held) - 1
  }

  /** Bytes that were needed so far; some more may be held. */
  get #seen(): number {
    return this.#at - (this.#held >> 3)
  }

  get #full(): boolean {
    return this.#length === this.#out.length
  }

  #bits(count: number): number {
    while (this.#held < count) {
      if (this.#at >= this.#limit) {
        this.#ended = true
        return 0
      }
      this.#buffer |= this.#data[this.#at++]! << this.#held
      this.#held += 8
    }
    const value = this.#buffer & ((1 << count) - 1)
    this.#buffer >>>= count
    this.#held -= count
    return value
  }

  #copy(): Went {
    this.#bits(this.#held & 7)
    const length = this.#bits(16)
    const check = this.#bits(16)
    if (this.#ended || length !== (~check & 0xffff)) return 'bad'
    const room = this.#out.length - this.#length
    // Some of it may be held.
    this.#at = this.#seen
    this.#held = this.#buffer = 0
    const there = this.#data.subarray(this.#at, Math.min(this.#limit, this.#at + Math.min(length, room)))
    this.#out.set(there, this.#length)
    this.#at += there.length
    if (there.length > 0) {
      this.#length += there.length - 1
      this.#put(1)
    }
    if (length > room && there.length === room) return 'full'
    if (there.length < length) this.#ended = true
    return this.#ended ? 'bad' : 'done'
  }

  #block(kind: number): Went {
    const tables = kind === 1 ? FIXED : this.#tables()
    if (!tables) return 'bad'
    const out = this.#out
    for (;;) {
      const symbol = this.#symbol(tables.lengths)
      if (symbol < 0 || symbol > 285) return 'bad'
      if (symbol === 256) return 'done'
      if (symbol < 256) {
        if (this.#full) return 'full'
        out[this.#length] = symbol
        this.#put(1)
        continue
      }
      const length = LENGTHS[symbol - 257]! + this.#bits(LENGTH_BITS[symbol - 257]!)
      const code = this.#symbol(tables.distances)
      if (code < 0 || code > 29) return 'bad'
      const distance = DISTANCES[code]! + this.#bits(DISTANCE_BITS[code]!)
      if (this.#ended) return 'bad'
      // Without room for it, where a match is taken from is not looked at.
      if (this.#full) return 'full'
      if (distance > this.#length || distance > this.#window) return 'bad'
      const end = Math.min(out.length, this.#length + length)
      const more = this.#length + length > out.length
      for (let at = this.#length; at < end; at++) out[at] = out[at - distance]!
      if (end > this.#length) this.#put(end - this.#length)
      if (more) return 'full'
    }
  }

  #symbol({ counts, symbols, lookup }: Codes): number {
    while (this.#held < LOOKUP_BITS && this.#at < this.#limit) {
      this.#buffer |= this.#data[this.#at++]! << this.#held
      this.#held += 8
    }
    const found = this.#held < LOOKUP_BITS ? 0 : lookup[this.#buffer & ((1 << LOOKUP_BITS) - 1)]!
    if (found > 0) {
      this.#buffer >>>= found >> 9
      this.#held -= found >> 9
      return found & 511
    }
    let [code, first, index] = [0, 0, 0]
    for (let length = 1; length <= 15; length++) {
      code |= this.#bits(1)
      if (this.#ended) return -1
      const count = counts[length]!
      if (code - count < first) return symbols[index + code - first]!
      index += count
      first = (first + count) << 1
      code <<= 1
    }
    return -1
  }

  #tables(): Tables | undefined {
    const literals = this.#bits(5) + 257
    const distances = this.#bits(5) + 1
    const count = this.#bits(4) + 4
    if (literals > 286 || distances > 30) return undefined
    const lengths = new Uint8Array(literals + distances)
    const orders = new Uint8Array(19)
    for (let i = 0; i < count; i++) orders[ORDER[i]!] = this.#bits(3)
    const codes = makeCodes(orders)
    if (codes.left !== 0) return undefined
    for (let i = 0; i < lengths.length;) {
      const symbol = this.#symbol(codes)
      if (symbol < 0) return undefined
      if (symbol < 16) {
        lengths[i++] = symbol
        continue
      }
      if (symbol === 16 && i === 0) return undefined
      const value = symbol === 16 ? lengths[i - 1]! : 0
      const [least, bits] = RUNS[symbol - 16]!
      const run = least + this.#bits(bits)
      if (i + run > lengths.length) return undefined
      lengths.fill(value, i, i + run)
      i += run
    }
    if (this.#ended || lengths[256] === 0) return undefined
    const literalCodes = makeCodes(lengths.subarray(0, literals))
    const distanceCodes = makeCodes(lengths.subarray(literals))
    if (!isUsable(literalCodes) || !isUsable(distanceCodes)) return undefined
    return { lengths: literalCodes, distances: distanceCodes }
  }
}

/** A block is done, needs more room, or is damaged or cut. */
type Went = 'done' | 'full' | 'bad'

function adler32(data: Uint8Array): number {
  let [a, b] = [1, 0]
  for (let i = 0; i < data.length;) {
    // So many bytes fit before the sums have to be brought down.
    for (const end = Math.min(data.length, i + 3800); i < end; i++) b += a += data[i]!
    a %= 65521
    b %= 65521
  }
  return b * 65536 + a
}
