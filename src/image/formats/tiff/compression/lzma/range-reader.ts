/** LZMA's range decoder. Probabilities have 11 bits and learn by a 32nd. */
export class RangeReader {
  readonly #data: Uint8Array
  #at: number
  #range = 0xffffffff
  #code = 0
  /** False once more was read than there is, or where the start is not as it should be. */
  right: boolean

  constructor(data: Uint8Array, at: number) {
    this.#data = data
    this.#at = at + 1
    this.right = data[at] === 0
    for (let i = 0; i < 4; i++) this.#code = ((this.#code << 8) | this.#next()) >>> 0
  }

  #next(): number {
    if (this.#at >= this.#data.length) {
      this.right = false
      return 0
    }
    return this.#data[this.#at++]!
  }

  /** So much is read, and nothing is left over. */
  endsAt(at: number): boolean {
    this.#normalise()
    return this.right && this.#at === at && this.#code === 0
  }

  #normalise(): void {
    if (this.#range >= 0x1000000) return
    this.#range = (this.#range << 8) >>> 0
    this.#code = ((this.#code << 8) | this.#next()) >>> 0
  }

  bit(probabilities: Uint16Array, index: number): 0 | 1 {
    this.#normalise()
    const probability = probabilities[index]!
    const bound = (this.#range >>> 11) * probability
    if (this.#code < bound) {
      this.#range = bound
      probabilities[index] = probability + ((2048 - probability) >> 5)
      return 0
    }
    this.#range -= bound
    this.#code -= bound
    probabilities[index] = probability - (probability >> 5)
    return 1
  }

  /** Bits that are as likely 0 as 1. */
  direct(count: number): number {
    let value = 0
    for (let i = 0; i < count; i++) {
      this.#normalise()
      this.#range >>>= 1
      const bit = this.#code >= this.#range ? 1 : 0
      if (bit) this.#code -= this.#range
      value = value * 2 + bit
    }
    return value
  }

  /** A number of so many bits, high ones first, its probabilities a tree. */
  tree(probabilities: Uint16Array, offset: number, bits: number): number {
    let node = 1
    for (let i = 0; i < bits; i++) node = node * 2 + this.bit(probabilities, offset + node)
    return node - (1 << bits)
  }

  /** The same, low bits first. */
  reverseTree(probabilities: Uint16Array, offset: number, bits: number): number {
    let node = 1
    let value = 0
    for (let i = 0; i < bits; i++) {
      const bit = this.bit(probabilities, offset + node)
      node = node * 2 + bit
      value |= bit << i
    }
    return value
  }
}
