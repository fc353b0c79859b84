import type { Inflate } from '../../codecs/image-codecs.ts'

/** {@link Inflate} on the platform's `DecompressionStream`, which every browser and Node have. */
export const inflateStream: Inflate = async (data, size, onDoubt) => {
  const out = new Uint8Array(size)
  let length = 0
  try {
    for await (const chunk of inflateChunks([data])) {
      const room = size - length
      out.set(chunk.length > room ? chunk.subarray(0, room) : chunk, length)
      length += Math.min(chunk.length, room)
      if (chunk.length > room) break
    }
  } catch (cause) {
    if (length < size || !onDoubt) throw cause
    onDoubt()
  }
  return length === size ? out : out.subarray(0, length)
}

/** The same bit by bit, for what is too large to be held whole. Throws any error where `parts` are damaged or lack their end. */
export async function* inflateChunks(parts: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  const stream = new DecompressionStream('deflate')
  const writer = stream.writable.getWriter()
  const reader = stream.readable.getReader()
  // The first error is the one that the reader sees; that a write failed because of it says nothing more.
  const write = async (): Promise<void> => {
    for (const part of parts)
      for (let at = 0; at < part.length; at += PART)
        await writer.write(part.subarray(at, at + PART) as Uint8Array<ArrayBuffer>)
    await writer.close()
  }
  let writing: Promise<void> | undefined
  try {
    for (;;) {
      const pending = reader.read()
      writing ??= write().catch(() => {})
      const { value, done } = await pending
      if (done) return
      yield value
    }
  } finally {
    reader.cancel().catch(() => {})
    writer.abort().catch(() => {})
  }
}

/** What goes in at once: all that comes of it is held at once, too. */
const PART = 1 << 16
