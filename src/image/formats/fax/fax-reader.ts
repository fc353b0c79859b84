/** Bits of fax data, high ones first, taken as libtiff takes them: where they end, zeros are put behind the last ones. */
export class FaxReader {
  readonly #data: Uint8Array
  readonly #length: number
  /** Bits that are taken, and the end of those that are there or made up. */
  #at = 0
  #end: number
  /** Bytes that libtiff has loaded: what it aligns to words. */
  #loaded = 0

  constructor(data: Uint8Array) {
    this.#length = data.length
    this.#end = data.length * 8
    // So that looking ahead need not ask where it is.
    this.#data = new Uint8Array(data.length + 8)
    this.#data.set(data)
  }

  /** Makes sure of so many bits. False where there are none left. */
  need(count: number): boolean {
    const wanted = (this.#at + count + 7) >> 3
    if (wanted > this.#loaded)
      this.#loaded = Math.min(wanted, this.#length, this.#loaded + (count > 8 ? 2 : 1))
    if (this.#end - this.#at >= count) return true
    if (this.#end <= this.#at) return false
    this.#end = this.#at + count
    return true
  }

  /** The next bits, up to 16, without taking them. */
  peek(count: number): number {
    const data = this.#data
    const byte = this.#at >> 3
    const three = byte > this.#length ? 0 : (data[byte]! << 16) | (data[byte + 1]! << 8) | data[byte + 2]!
    return (three >> (24 - (this.#at & 7) - count)) & ((1 << count) - 1)
  }

  skip(count: number): void {
    this.#at += count
  }

  /** Bits that are loaded or made up, and not taken. */
  get #held(): number {
    const made = this.#end > this.#length * 8
    return Math.max(0, (made ? this.#end : this.#loaded * 8) - this.#at)
  }

  alignByte(): void {
    this.#at += this.#held & 7
  }

  /** To 16 bits of what is loaded, and to even places of the file, where `odd` says that the data starts on an odd one. */
  alignWord(odd: boolean): void {
    const held = this.#held
    this.#at += held & 15
    if (held > 15 || (this.#loaded & 1) === (odd ? 1 : 0)) return
    this.#loaded++
    this.#at += 8
  }
}
