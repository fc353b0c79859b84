import { unpackLzw } from '../../lzw/lzw.ts'

/** PackBits: runs and literals of bytes. Returns what there is, at most `size` bytes. */
export function unpackBits(data: Uint8Array, size: number): Uint8Array {
  const out = new Uint8Array(size)
  let length = 0
  for (let at = 0; at < data.length && length < size;) {
    const head = data[at++]!
    if (head < 128) {
      const count = Math.min(head + 1, size - length)
      // libtiff takes a stretch whole or not at all.
      if (at + count > data.length) break
      const literal = data.subarray(at, at + count)
      out.set(literal, length)
      length += literal.length
      at += head + 1
    } else if (head > 128 && at < data.length) {
      const end = Math.min(size, length + 257 - head)
      out.fill(data[at++]!, length, end)
      length = end
    }
  }
  return out.subarray(0, length)
}

/**
 * TIFF's LZW: high bits first, codes widened one early; or that of before TIFF 5, low bits first, known by its first code.
 * Returns what there is, at most `size` bytes.
 */
export function unpackTiffLzw(data: Uint8Array, size: number): Uint8Array {
  const old = data.length > 1 && data[0] === 0 && (data[1]! & 1) === 1
  // The table has to be emptied first.
  if (!old && !(data.length > 1 && data[0] === 128 && data[1]! < 128)) return new Uint8Array(0)
  return unpackLzw(data, { clear: 256, early: old ? 0 : 1, highFirst: !old, size, damaged: 'stop' })
}
