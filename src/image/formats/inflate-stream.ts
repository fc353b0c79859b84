import type { Inflate } from '../codecs/image-codecs.ts'

/** {@link Inflate} on the platform's `DecompressionStream`, which every browser and Node have. */
export const inflateStream: Inflate = async (data, size) => {
  const stream = new DecompressionStream('deflate')
  const writer = stream.writable.getWriter()
  // The first error is the one that the reader sees; that a write failed because of it says nothing more.
  writer.write(data as Uint8Array<ArrayBuffer>).catch(() => {})
  const out = new Uint8Array(size)
  const reader = stream.readable.getReader()
  let length = 0
  // Closing is left until the output runs dry, so that bytes after the end of the data, which Pillow overlooks, do no harm.
  let closing: Promise<void> | undefined
  try {
    while (length < size) {
      const pending = reader.read()
      closing ??= writer.close().catch(() => {})
      const { value, done } = await pending
      if (done) break
      out.set(value.length > size - length ? value.subarray(0, size - length) : value, length)
      length += Math.min(value.length, size - length)
    }
  } finally {
    reader.cancel().catch(() => {})
    writer.abort().catch(() => {})
  }
  return length === size ? out : out.subarray(0, length)
}
