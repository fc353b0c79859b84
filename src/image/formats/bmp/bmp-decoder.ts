import { truncated, unreadable } from '../../image-errors.ts'
import type { RawImage } from '../../raw-image.ts'
import { ByteReader } from '../byte-reader.ts'
import { painter } from '../palette.ts'
import { type BmpHeader, readBmpHeader, RLE4, RLE8 } from './bmp-header.ts'

/**
 * Decodes BMP as Pillow does: 1, 4, 8 bits with a palette, 16, 24, 32 bits, the bit fields it knows, RLE4 and RLE8, bottom-up
 * and top-down, headers of Windows and OS/2. Throws `ImageError` `image_truncated`, `image_unreadable`, `image_unsupported`.
 */
export function decodeBmp(bytes: Uint8Array): RawImage {
  const reader = new ByteReader(bytes, () => truncated('BMP', 'it ends before its pixels'))
  const header = readBmpHeader(reader)
  const { width, height, bits } = header
  // Past 2^31 bits a shift would go wrong.
  const stride = Math.ceil((width * bits) / 32) * 4
  const data = new Uint8Array(width * height * 3)
  const indices =
    header.compression === RLE8 || header.compression === RLE4 ? readRuns(reader, header) : undefined
  if (!indices && header.depth === 8 && stride < width) throw unreadable('BMP', 'its rows are too short')
  // Of the last row the padding may lack.
  const lastRow = Math.ceil((width * header.depth) / 8)
  const pixels = indices ?? reader.slice(header.offset, stride * (height - 1) + lastRow)
  const unpack =
    indices || bits <= 8 ? unpackIndices(indices ? 8 : header.depth, header.palette) : unpackFields(header)
  for (let y = 0; y < height; y++) {
    const from = (header.topDown ? y : height - 1 - y) * (indices ? width : stride)
    unpack(pixels, from, width, data, y * width * 3)
  }
  return { data, width, height, channels: 3 }
}

/** The signature, in the first bytes as Latin-1: `BM`, and behind the file's header one that has a size known. */
export const isBmp = (head: string): boolean => /^BM[^]{12}[\x0c\x28\x34\x38\x40\x6c\x7c]\0{3}/.test(head)

type Unpack = (pixels: Uint8Array, from: number, width: number, out: Uint8Array, to: number) => void

function unpackIndices(bits: number, palette: Uint8Array): Unpack {
  if (bits === 8) return painter(palette)
  const mask = (1 << bits) - 1
  return (pixels, from, width, out, to) => {
    for (let x = 0; x < width; x++) {
      const index = ((pixels[from + ((x * bits) >> 3)]! >> (8 - bits - ((x * bits) & 7))) & mask) * 3
      out[to++] = palette[index]!
      out[to++] = palette[index + 1]!
      out[to++] = palette[index + 2]!
    }
  }
}

function unpackFields({ bits, masks }: BmpHeader): Unpack {
  const shifts = masks.map((mask) => 31 - Math.clz32(mask & -mask))
  if (bits !== 16) {
    const [r, g, b] = shifts.map((shift) => shift >> 3) as [number, number, number]
    const step = bits >> 3
    return (pixels, from, width, out, to) => {
      // Pixel by pixel in one load and one store, which reach into the next; the last byte by byte.
      const source = new DataView(pixels.buffer, pixels.byteOffset, pixels.byteLength)
      const target = new DataView(out.buffer, out.byteOffset, out.byteLength)
      for (let x = 1; x < width; x++, from += step, to += 3) {
        const word = source.getInt32(from, true)
        const rgb =
          ((word >>> (8 * r)) & 255) | (((word >>> (8 * g)) & 255) << 8) | (((word >>> (8 * b)) & 255) << 16)
        target.setInt32(to, rgb, true)
      }
      out[to] = pixels[from + r]!
      out[to + 1] = pixels[from + g]!
      out[to + 2] = pixels[from + b]!
    }
  }
  const tops = masks.map((mask, i) => mask >>> shifts[i]!)
  return (pixels, from, width, out, to) => {
    for (let x = 0; x < width; x++, from += 2) {
      const pixel = pixels[from]! | (pixels[from + 1]! << 8)
      for (let c = 0; c < 3; c++) out[to++] = (((pixel >> shifts[c]!) & tops[c]!) * 255) / tops[c]!
    }
  }
}

/** Run-length coded indices, a byte each. What runs leave out is colour 0; the picture must be filled. */
function readRuns(reader: ByteReader, { width, height, compression, offset }: BmpHeader): Uint8Array {
  const total = width * height
  const out = new Uint8Array(total)
  const rle4 = compression === RLE4
  let at = offset
  let length = 0
  let x = 0
  const put = (index: number): void => {
    if (length < total) out[length] = index
    length++
  }
  while (length < total) {
    const count = reader.u8(at++)
    const value = reader.u8(at++)
    if (count > 0) {
      const run = Math.max(0, Math.min(count, width - x))
      for (let i = 0; i < run; i++) put(rle4 ? (value >> (4 - 4 * (i & 1))) & 15 : value)
      x += run
    } else if (value === 0) {
      length = Math.ceil(length / width) * width
      x = 0
    } else if (value === 1) {
      break
    } else if (value === 2) {
      length += reader.u8(at) + reader.u8(at + 1) * width
      at += 2
      x = length % width
    } else {
      const literal = reader.slice(at, rle4 ? value >> 1 : value)
      at += literal.length
      for (const byte of literal) {
        if (rle4) {
          put(byte >> 4)
          put(byte & 15)
        } else {
          put(byte)
        }
      }
      x += value
      at += at & 1
    }
  }
  if (length < total) throw unreadable('BMP', `its runs fill only ${length} of ${total} pixels`)
  return out
}
