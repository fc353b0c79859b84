import { concatBytes } from '../../base/bytes/concat-bytes.ts'
/** Of one compressed text (Pillow's MAX_TEXT_CHUNK). */
export const MAX_INFLATED: number = 2 ** 20

/** Undoes compression, as long as no more than `limit` bytes come out. */
export async function inflateText(
  data: Uint8Array,
  format: 'deflate' | 'gzip',
  limit: number = MAX_INFLATED,
): Promise<Uint8Array | 'damaged' | 'too-large'> {
  const stream = new DecompressionStream(format)
  const writer = stream.writable.getWriter()
  // What fails here fails at the reader, too.
  writer.write(data as Uint8Array<ArrayBuffer>).catch(() => {})
  writer.close().catch(() => {})
  const reader = stream.readable.getReader()
  const chunks: Uint8Array[] = []
  let length = 0
  try {
    for (let read = await reader.read(); !read.done; read = await reader.read()) {
      length += read.value.length
      if (length > limit) return 'too-large'
      chunks.push(read.value)
    }
  } catch {
    return 'damaged'
  } finally {
    reader.cancel().catch(() => {})
    writer.abort().catch(() => {})
  }
  return concatBytes(chunks)
}
