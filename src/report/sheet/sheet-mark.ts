import { crc32 } from '../../image/formats/crc32.ts'

/** What a sheet's file has near its beginning (PNG 3rd edition, 11.3.3.2): it says who drew it. */
export const SHEET_MARK = 'tEXtSoftware\0icthp'

/** Signature and IHDR, which comes first. */
const HEAD = 33

/** Puts the mark into a PNG file. */
export function withMark(png: Uint8Array): Uint8Array {
  const text = new TextEncoder().encode(SHEET_MARK)
  const chunk = new Uint8Array(8 + text.length)
  const view = new DataView(chunk.buffer)
  view.setUint32(0, text.length - 4)
  chunk.set(text, 4)
  view.setUint32(4 + text.length, crc32(text))
  const marked = new Uint8Array(png.length + chunk.length)
  marked.set(png.subarray(0, HEAD))
  marked.set(chunk, HEAD)
  marked.set(png.subarray(HEAD), HEAD + chunk.length)
  return marked
}
