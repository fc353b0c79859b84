/** Reads numbers out of a file's bytes. A read past the end throws the error that `onEnd` makes. */
export class ByteReader {
  readonly bytes: Uint8Array
  readonly length: number
  #view: DataView
  #onEnd: (at: number) => Error

  constructor(bytes: Uint8Array, onEnd: (at: number) => Error) {
    this.bytes = bytes
    this.length = bytes.length
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.#onEnd = onEnd
  }

  u8(at: number): number {
    this.#need(at, 1)
    return this.#view.getUint8(at)
  }

  u16(at: number, littleEndian: boolean): number {
    this.#need(at, 2)
    return this.#view.getUint16(at, littleEndian)
  }

  u32(at: number, littleEndian: boolean): number {
    this.#need(at, 4)
    return this.#view.getUint32(at, littleEndian)
  }

  i32(at: number, littleEndian: boolean): number {
    return this.u32(at, littleEndian) | 0
  }

  /** A view, not a copy. */
  slice(at: number, length: number): Uint8Array {
    this.#need(at, length)
    return this.bytes.subarray(at, at + length)
  }

  /** Bytes as Latin-1 text; shorter where the file ends. */
  text(at: number, length: number): string {
    return String.fromCharCode(...this.bytes.subarray(at, at + length))
  }

  #need(at: number, length: number): void {
    if (!(at >= 0 && at + length <= this.length)) throw this.#onEnd(at)
  }
}
