import { PickleEnd, PickleFault } from './pickle-values.ts'

/** Bytes of an integer; Python's own pickles of random states have 2,500. */
const MAX_INTEGER = 1 << 16
/** Python counts in sizes of its machine. */
const MAX_LENGTH = 2n ** 40n

/** The arguments of a pickle's opcodes, one after the other. Throws `PickleEnd` where they end before. */
export class PickleBytes {
  /** Where the next byte is. */
  at: number
  readonly #bytes: Uint8Array
  readonly #view: DataView
  readonly #utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

  constructor(bytes: Uint8Array, start: number) {
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.at = start
  }

  get left(): number {
    return this.#bytes.length - this.at
  }

  skip(count: number): void {
    this.#take(count)
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

  /** A length. */
  u64(): number {
    const value = this.#view.getBigUint64(this.#take(8), true)
    if (value > MAX_LENGTH) throw new PickleEnd('the bytes end within the pickle')
    return Number(value)
  }

  f64(): number {
    return this.#view.getFloat64(this.#take(8), false)
  }

  /** Little-endian two's complement of so many bytes; a bigint only where a number cannot hold it. */
  integer(length: number): number | bigint {
    const raw = this.#slice(length)
    if (length > MAX_INTEGER) throw new PickleFault(`it holds an integer of ${length} bytes`)
    const digits = Buffer.from(raw).reverse().toString('hex')
    const value = BigInt.asIntN(8 * length, BigInt(`0x${digits || '0'}`))
    const small = Number(value)
    return Number.isSafeInteger(small) ? small : value
  }

  /** UTF-8 of so many bytes. */
  text(length: number): string {
    const raw = this.#slice(length)
    try {
      return this.#utf8.decode(raw)
    } catch {
      throw new PickleFault(`a string before byte ${this.at} is not UTF-8`)
    }
  }

  /** A name, which a line feed ends. */
  line(): string {
    const end = this.#bytes.indexOf(0x0a, this.at)
    if (end < 0) throw new PickleEnd('the bytes end within a name')
    if (end - this.at > 1000) throw new PickleFault('a name is too long')
    const name = this.text(end - this.at)
    this.at++
    return name
  }

  #take(count: number): number {
    if (count > this.left) throw new PickleEnd('the bytes end within the pickle')
    this.at += count
    return this.at - count
  }

  #slice(count: number): Uint8Array {
    const from = this.#take(count)
    return this.#bytes.subarray(from, from + count)
  }
}
