import { truncated } from '../../image-errors.ts'

/** Reads a fax bit by bit; behind its end there are zeros. */
export class FaxReader {
  readonly #data: Uint8Array
  /** In bits. */
  #at = 0

  constructor(data: Uint8Array) {
    this.#data = data
  }

  /** Whether all bits have been read. */
  get ended(): boolean {
    return this.#at >= this.#data.length * 8
  }

  /** Whether more was read than there is. */
  get overrun(): boolean {
    return this.#at > this.#data.length * 8
  }

  /** The next 1 to 16 bits, left in place. */
  peek(count: number): number {
    const byte = this.#at >> 3
    const data = this.#data
    const three = ((data[byte] ?? 0) << 16) | ((data[byte + 1] ?? 0) << 8) | (data[byte + 2] ?? 0)
    return (three >> (24 - (this.#at & 7) - count)) & ((1 << count) - 1)
  }

  skip(count: number): void {
    this.#at += count
  }

  take(count: number): number {
    const value = this.peek(count)
    this.#at += count
    return value
  }

  align(bits: number): void {
    this.#at = Math.ceil(this.#at / bits) * bits
  }

  /** To behind the next end of a line: eleven zeros or more, and a one. */
  passLineEnd(): void {
    while (this.peek(11) !== 0) this.#at++
    while (this.peek(1) === 0) {
      if (this.ended) throw truncated('TIFF', 'its lines end too soon')
      this.#at++
    }
    this.#at++
  }
}
