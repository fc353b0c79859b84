import { PickleFault } from './pickle-fault.ts'

/** Python pickles the names of classes so; none of ours is longer than 40. */
const MAX_LINE = 200

/** Reads a pickle's bytes from front to back. What it gives as bytes is not copied. */
export class PickleSource {
  at = 0
  readonly #bytes: Uint8Array
  readonly #view: DataView
  readonly #utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  get left(): number {
    return this.#bytes.length - this.at
  }

  u8(): number {
    return this.#view.getUint8(this.#take(1))
  }

  u16(): number {
    return this.#view.getUint16(this.#take(2), true)
  }

  u32(): number {
    return this.#view.getUint32(this.#take(4), true)
  }

  i32(): number {
    return this.#view.getInt32(this.#take(4), true)
  }

  /** A length; one that no number holds is behind every end. */
  u64(): number {
    return Number(this.#view.getBigUint64(this.#take(8), true))
  }

  /** The one number that is big-endian. */
  f64(): number {
    return this.#view.getFloat64(this.#take(8))
  }

  bytes(count: number): Uint8Array {
    const from = this.#take(count)
    return this.#bytes.subarray(from, from + count)
  }

  text(count: number): string {
    try {
      return this.#utf8.decode(this.bytes(count))
    } catch (cause) {
      if (cause instanceof PickleFault) throw cause
      throw new PickleFault('holds a text that is not UTF-8', { cause })
    }
  }

  line(): string {
    const end = this.#bytes.subarray(this.at, this.at + MAX_LINE).indexOf(0x0a)
    if (end < 0) throw new PickleFault('holds a name that does not end')
    const text = this.text(end)
    this.at++
    return text
  }

  /** A little-endian integer in two's complement. Of more than six bytes it is passed over: nobody asks for those. */
  integer(count: number): number | undefined {
    const bytes = this.bytes(count)
    if (count > 6) return undefined
    const value = bytes.reduceRight((sum, byte) => sum * 256 + byte, 0)
    return value >= 2 ** (8 * count - 1) ? value - 2 ** (8 * count) : value
  }

  #take(count: number): number {
    if (count > this.left)
      throw new PickleFault('ends too early: it was cut short, or a length in it is wrong')
    this.at += count
    return this.at - count
  }
}
