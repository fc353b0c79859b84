/** Bytes that are read at a time. */
const PIECE = 2 ** 22

/**
 * A Blob whose streams are read piece by piece with `arrayBuffer`. onnxruntime-web reads weights with a BYOB reader, which
 * in Chromium 156 now and then waits for ever on a slice of a Blob made of files, mostly under load; these streams have
 * none, so that it takes a plain one.
 */
export class SteadyBlob extends Blob {
  readonly #of: Blob

  constructor(of: Blob) {
    super()
    this.#of = of
    Object.defineProperty(this, 'size', { value: of.size })
  }

  override slice(start?: number, end?: number): Blob {
    return new SteadyBlob(this.#of.slice(start, end))
  }

  override arrayBuffer(): Promise<ArrayBuffer> {
    return this.#of.arrayBuffer()
  }

  override stream(): ReadableStream<Uint8Array<ArrayBuffer>> {
    const of = this.#of
    let at = 0
    return new ReadableStream({
      async pull(controller) {
        const end = Math.min(of.size, at + PIECE)
        if (at < end) controller.enqueue(new Uint8Array(await of.slice(at, end).arrayBuffer()))
        at = end
        if (at >= of.size) controller.close()
      },
    })
  }
}
