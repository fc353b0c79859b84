import { LzmaModel } from './lzma-model.ts'
import { RangeReader } from './range-reader.ts'

/** What a stream of LZMA2 has brought. */
export interface Lzma2Run {
  /** Bytes of the output that are written. */
  readonly length: number
  /** Where the input has got to. */
  readonly at: number
  /** The end mark has come. */
  readonly ended: boolean
}

/** The chunks of LZMA2, written one behind the other into `out`, which is their dictionary, too. Without WebAssembly. */
export class Lzma2 {
  #length = 0
  #at: number
  readonly #data: Uint8Array
  readonly #out: Uint8Array
  #model: LzmaModel | undefined
  /** Where the dictionary begins. */
  #start = -1

  constructor(data: Uint8Array, at: number, out: Uint8Array) {
    this.#data = data
    this.#at = at
    this.#out = out
  }

  /** Stops at the end, where `out` is full, and at damage. */
  run(): Lzma2Run {
    while (this.#at < this.#data.length) {
      const control = this.#data[this.#at]!
      if (control === 0) return { length: this.#length, at: this.#at + 1, ended: true }
      if (control > 2 && control < 0x80) break
      if (!(control < 0x80 ? this.#copyChunk(control) : this.#lzmaChunk(control))) break
      if (this.#length === this.#out.length) break
    }
    return { length: this.#length, at: this.#at, ended: false }
  }

  #u16(at: number): number {
    return ((this.#data[at] ?? 0) << 8) | (this.#data[at + 1] ?? 0)
  }

  #copyChunk(control: number): boolean {
    if (control === 1) {
      this.#start = this.#length
      this.#model = undefined
    }
    if (this.#start < 0) return false
    const size = this.#u16(this.#at + 1) + 1
    this.#at += 3
    const there = this.#data.subarray(this.#at, this.#at + Math.min(size, this.#out.length - this.#length))
    this.#out.set(there, this.#length)
    this.#length += there.length
    this.#at += size
    return this.#at <= this.#data.length
  }

  #lzmaChunk(control: number): boolean {
    const reset = (control >> 5) & 3
    const size = ((control & 31) << 16) + this.#u16(this.#at + 1) + 1
    const packed = this.#u16(this.#at + 3) + 1
    this.#at += 5
    if (reset === 3) this.#start = this.#length
    if (reset >= 2) this.#model = LzmaModel.of(this.#data[this.#at++] ?? 255)
    else if (reset === 1) this.#model?.reset()
    if (!this.#model || this.#start < 0) return false
    const range = new RangeReader(this.#data, this.#at)
    const to = Math.min(this.#length + size, this.#out.length)
    this.#length = this.#model.decode(range, this.#out, this.#start, this.#length, to)
    this.#at += packed
    if (this.#length < to || !range.right) return false
    // That a chunk ends with its bytes, and with nothing left in the range decoder, liblzma looks at behind it.
    return to === this.#out.length || (this.#model.whole && range.endsAt(this.#at))
  }
}
