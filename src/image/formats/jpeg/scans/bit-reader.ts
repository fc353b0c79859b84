import { truncated } from '../../../image-errors.ts'
import { type HuffmanTable, LOOKUP_BITS, signed } from '../headers/huffman-table.ts'
import { ScanBytes } from './scan-bytes.ts'

/**
 * Reads a scan bit by bit. As libjpeg does it, zeros are read from a marker on, and `starved` says that it came to that, so
 * that what is missing stays as it is.
 */
export class BitReader extends ScanBytes {
  /** So many bytes before the end of the file are to be read code by code. */
  readonly edge: number = 0
  starved = false
  dry = false
  /** The last `held` of these bits are yet to be read, the last `#padding` of them are zeros from behind the data. */
  bits = 0
  held = 0
  #padding = 0

  /** The symbol of the next code; 0 for a code that does not exist, after 17 bits, as libjpeg has it. */
  symbol(table: HuffmanTable): number {
    if (this.held < LOOKUP_BITS) this.fill()
    const found = table.lookup[(this.bits >>> (this.held - LOOKUP_BITS)) & ((1 << LOOKUP_BITS) - 1)]!
    if (found === 0) return this.#longSymbol(table)
    this.held -= found >> 8
    return found & 255
  }

  /** The next 1 to 16 bits. */
  take(count: number): number {
    if (this.held < count) this.fill()
    this.held -= count
    return (this.bits >>> this.held) & ((1 << count) - 1)
  }

  bit(): number {
    if (this.held < 1) this.fill()
    return (this.bits >>> --this.held) & 1
  }

  /** A coefficient of so many bits: those that begin with 0 are negative. */
  signed(count: number): number {
    return signed(this.take(count), count)
  }

  /** To be called after each unit: notices that it was read from behind the data. */
  endUnit(): void {
    if (this.held >= this.#padding) return
    // libjpeg waits for more of the file, and Pillow has none to give.
    if (this.ended) throw truncated('JPEG', 'its last scan does not end')
    this.starved = this.dry = true
  }

  restart(expected: number): void {
    this.held = this.#padding = 0
    if (this.passRestart(expected)) this.starved = this.dry = false
  }

  #longSymbol(table: HuffmanTable): number {
    if (this.held < 17) this.fill()
    let length = LOOKUP_BITS + 1
    for (; length <= 17; length++) {
      const code = (this.bits >>> (this.held - length)) & ((1 << length) - 1)
      if (code > table.maxCode[length]!) continue
      this.held -= length
      return length > 16 ? 0 : table.symbols[(code + table.offsets[length]!) & 255]!
    }
    return 0
  }

  /** Takes back what was read by others out of its fields. */
  hold(bits: number, held: number, at: number): void {
    this.bits = bits
    this.held = held
    this.at = at
  }

  /** Reads ahead, to at least 25 bits. */
  fill(): void {
    while (this.held <= 24) {
      const next = this.at < this.file.length ? this.file[this.at]! : 0xff
      if (next !== 0xff && this.marker === 0) {
        this.at++
        this.bits = (this.bits << 8) | next
        this.held += 8
        continue
      }
      const byte = this.dataByte()
      if (this.marker !== 0 || this.ended) this.#padding += 8
      this.bits = (this.bits << 8) | byte
      this.held += 8
    }
  }
}
