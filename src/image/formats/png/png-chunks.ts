import type { ByteReader } from '../byte-reader.ts'
import type { ImageSize } from '../image-format.ts'

/** A chunk of a PNG file. */
export interface PngChunk {
  readonly type: string
  /** What the file has of it. */
  readonly body: Uint8Array
  /** Where its length stands. */
  readonly at: number
  /** The file ends within it or its checksum. */
  readonly cut: boolean
  /** The file ends within it. */
  readonly bodyCut: boolean
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
    const body = bytes.subarray(at + 8, at + 8 + length)
    yield { type, body, at, cut: next > bytes.length, bodyCut: body.length < length }
    at = next
  }
}

/** What IHDR says of the size: the last one before the pixels, and the first chunk by rights. */
export function pngSize(reader: ByteReader): ImageSize {
  let at: number | undefined
  for (const chunk of pngChunks(reader.bytes)) {
    if (chunk.type === 'IHDR') at = chunk.at + 8
    else if ((chunk.type === 'IDAT' && at !== undefined) || chunk.type === 'IEND') break
  }
  return sizeAt(reader, at ?? 16)
}

/** The size that the body of IHDR at `at` says. */
export const sizeAt = (reader: ByteReader, at: number): ImageSize => ({
  width: reader.u32(at, false),
  height: reader.u32(at + 4, false),
})
