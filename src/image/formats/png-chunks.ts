import type { ByteReader } from './byte-reader.ts'
import type { ImageSize } from './image-format.ts'

/** A chunk of a PNG file. */
export interface PngChunk {
  readonly type: string
  /** What the file has of it. */
  readonly body: Uint8Array
  /** Where its length stands. */
  readonly at: number
  /** The file ends within it or its checksum. */
  readonly cut: boolean
}

/** The signature, in the first bytes as Latin-1. */
export const isPng = (head: string): boolean => head.startsWith('\x89PNG\r\n\x1a\n')

/** The chunks of a file in their order, up to the end of the file or the one that it ends within. */
export function* pngChunks(bytes: Uint8Array): Generator<PngChunk> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  for (let at = 8; at + 8 <= bytes.length;) {
    const length = view.getUint32(at)
    const next = at + 12 + length
    const type = String.fromCharCode(...bytes.subarray(at + 4, at + 8))
    yield { type, body: bytes.subarray(at + 8, at + 8 + length), at, cut: next > bytes.length }
    at = next
  }
}

/** What IHDR says of the size; it is the first chunk, unless `at` says where else its body is. */
export const pngSize = (reader: ByteReader, at = 16): ImageSize => ({
  width: reader.u32(at, false),
  height: reader.u32(at + 4, false),
})
