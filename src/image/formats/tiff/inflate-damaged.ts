/**
 * Undoes zlib compression of damaged data as far as zlib would (RFC 1950, 1951): fills `out` with what comes before the damage.
 * As zlib, it stops where more room would be needed, and so does not see damage behind that; but where `out` is full with the
 * last byte, the checksum is compared. Slow; for what the platform's own inflate throws at. False where libtiff sees damage.
 */
export function inflateDamaged(data: Uint8Array, out: Uint8Array): boolean {
  const head = ((data[0] ?? 0) << 8) | (data[1] ?? 0)
  // Deflate with a window of up to 32 KiB, and no dictionary.
  if (data.length < 2 || head % 31 !== 0 || (head & 0x0f00) !== 0x0800 || head >> 12 > 7 || head & 0x20)
    return false
  return new Inflater(data, out, 1 << ((head >> 12) + 8)).run()
}

class Inflater {
  readonly #data: Uint8Array
  readonly #out: Uint8Array
  readonly #window: number
  #at = 2
  #buffer = 0
  #held = 0
  #length = 0
  /** More bits were asked for than there are. */
  #ended = false

  constructor(data: Uint8Array, out: Uint8Array, window: number) {
    this.#data = data
    this.#out = out
    this.#window = window
  }

  run(): boolean {
    for (let last = 0; !last;) {
      last = this.#bits(1)
      const kind = this.#bits(2)
      if (this.#ended) return this.#full
      if (kind === 3) return false
      const went = kind === 0 ? this.#copy() : this.#block(kind)
      if (went === 'full') return true
      if (went === 'bad') return this.#ended && this.#full
    }
    this.#bits(this.#held & 7)
    const check = [0, 0, 0, 0].map(() => this.#bits(8))
    if (!this.#full) return false
    return this.#ended || check.reduce((sum, byte) => sum * 256 + byte, 0) === adler32(this.#out)
  }

  get #full(): boolean {
    return this.#length === this.#out.length
  }

  #bits(count: number): number {
    while (this.#held < count) {
      if (this.#at >= this.#data.length) {
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
    const there = this.#data.subarray(this.#at, this.#at + Math.min(length, room))
    this.#out.set(there, this.#length)
    this.#length += there.length
    if (length > room && there.length === room) return 'full'
    this.#at += length
    if (this.#at > this.#data.length) this.#ended = true
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
        out[this.#length++] = symbol
        continue
      }
      const length = LENGTHS[symbol - 257]! + this.#bits(LENGTH_BITS[symbol - 257]!)
      const code = this.#symbol(tables.distances)
      if (code < 0 || code > 29) return 'bad'
      const distance = DISTANCES[code]! + this.#bits(DISTANCE_BITS[code]!)
      if (this.#ended || distance > this.#length || distance > this.#window) return 'bad'
      const end = Math.min(out.length, this.#length + length)
      const more = this.#length + length > out.length
      for (; this.#length < end; this.#length++) out[this.#length] = out[this.#length - distance]!
      if (more) return 'full'
    }
  }

  #symbol({ counts, symbols }: Codes): number {
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

interface Codes {
  /** How many codes there are of each length. */
  readonly counts: Uint16Array
  readonly symbols: Uint16Array
  /** Codes that are not given away; less than 0 for too many. */
  readonly left: number
  readonly longest: number
}
interface Tables {
  readonly lengths: Codes
  readonly distances: Codes
}

function makeCodes(lengths: Uint8Array): Codes {
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
  return { counts, symbols, left, longest }
}

/** A set may be incomplete only where it has one code of one bit, or none. */
const isUsable = ({ left, longest }: Codes): boolean => left === 0 || (left > 0 && longest <= 1)

const ORDER = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15]
/** Of the symbols from 16: the shortest run, and the bits that lengthen it. */
const RUNS: readonly (readonly [number, number])[] = [
  [3, 2],
  [3, 3],
  [11, 7],
]
const LENGTH_BITS = [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0]
const DISTANCE_BITS = Array.from({ length: 30 }, (_, i) => Math.max(0, (i >> 1) - 1))
const LENGTHS = LENGTH_BITS.map((_, i) =>
  i === 28 ? 258 : 3 + LENGTH_BITS.slice(0, i).reduce((sum, bits) => sum + 2 ** bits, 0),
)
const DISTANCES = DISTANCE_BITS.map(
  (_, i) => 1 + DISTANCE_BITS.slice(0, i).reduce((sum, bits) => sum + 2 ** bits, 0),
)

const FIXED: Tables = {
  lengths: makeCodes(new Uint8Array(288).fill(8).fill(9, 144, 256).fill(7, 256, 280)),
  distances: makeCodes(new Uint8Array(30).fill(5)),
}

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
