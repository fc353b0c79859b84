/** What ends before what it says that it holds. */
class EndsEarly extends Error {
  constructor() {
    super('it ends too early')
  }
}

/** Bytes of a stream in the portions that are asked for, whatever its pieces are. */
export class PieceReader {
  readonly #pieces: AsyncIterator<Uint8Array>
  #piece: Uint8Array = new Uint8Array()
  #at = 0

  constructor(pieces: AsyncIterable<Uint8Array>) {
    this.#pieces = pieces[Symbol.asyncIterator]()
  }

  /** So many bytes, in memory of their own. Throws `EndsEarly`. */
  async read(length: number): Promise<Uint8Array<ArrayBuffer>> {
    const bytes = new Uint8Array(length)
    await this.readInto(bytes)
    return bytes
  }

  /** Fills the array. Throws `EndsEarly`. */
  async readInto(bytes: Uint8Array): Promise<void> {
    for (let done = 0; done < bytes.length;) {
      if (this.#at === this.#piece.length && !(await this.#next())) throw new EndsEarly()
      const some = this.#piece.subarray(this.#at, this.#at + bytes.length - done)
      bytes.set(some, done)
      done += some.length
      this.#at += some.length
    }
  }

  /** Throws `EndsEarly`. */
  async skip(length: number): Promise<void> {
    for (let left = length; left > 0;) {
      if (this.#at === this.#piece.length && !(await this.#next())) throw new EndsEarly()
      const some = Math.min(left, this.#piece.length - this.#at)
      this.#at += some
      left -= some
    }
  }

  /** What is left, piece by piece. */
  async *rest(): AsyncGenerator<Uint8Array> {
    do {
      if (this.#at < this.#piece.length) yield this.#piece.subarray(this.#at)
      this.#at = this.#piece.length
    } while (await this.#next())
  }

  /** Lets the source know that nobody asks any more. */
  async close(): Promise<void> {
    await this.#pieces.return?.()
  }

  async #next(): Promise<boolean> {
    const { done, value } = await this.#pieces.next()
    if (done) return false
    this.#piece = value
    this.#at = 0
    return value.length > 0 || this.#next()
  }
}
