import { truncated, unreadable, unsupported } from '../image-errors.ts'
import type { RawImage } from '../raw-image.ts'
import { ByteReader } from './byte-reader.ts'
import { painter } from './palette.ts'

/**
 * Decodes BMP as Pillow does: 1, 4, 8 bits with a palette, 16, 24, 32 bits, the bit fields it knows, RLE4 and RLE8, bottom-up
 * and top-down, headers of Windows and OS/2. Throws `ImageError` `image_truncated`, `image_unreadable`, `image_unsupported`.
 */
export function decodeBmp(bytes: Uint8Array): RawImage {
  const reader = new ByteReader(bytes, () => truncated('BMP', 'it ends before its pixels'))
  const header = readHeader(reader)
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

/** What the header says of its size; it is top-down where its height is below zero. The one of OS/2 has shorter numbers. */
export function bmpSize(reader: ByteReader): { width: number; height: number; topDown: boolean } {
  if (reader.u32(14, true) === OS2_HEADER)
    return { width: reader.u16(18, true), height: reader.u16(20, true), topDown: false }
  const height = reader.i32(22, true)
  return { width: reader.u32(18, true), height: Math.abs(height), topDown: height < 0 }
}

/** Bytes of the header of OS/2 1. */
const OS2_HEADER = 12
const RAW = 0
const RLE8 = 1
const RLE4 = 2
const BITFIELDS = 3

interface Header {
  readonly width: number
  readonly height: number
  readonly topDown: boolean
  readonly bits: number
  /** Bits of an index as they are read, which is not always as they are written. */
  readonly depth: number
  readonly compression: number
  /** Of the pixels, in the file. */
  readonly offset: number
  /** 256 × RGB. */
  readonly palette: Uint8Array
  /** Red, green, blue. */
  readonly masks: readonly [number, number, number]
}

function readHeader(reader: ByteReader): Header {
  const size = reader.u32(14, true)
  const old = size === OS2_HEADER
  const { width, height, topDown } = bmpSize(reader)
  const bits = reader.u16(old ? 24 : 28, true)
  const compression = old ? RAW : reader.u32(30, true)
  const colours = (old ? 0 : reader.u32(46, true)) || 1 << Math.min(bits, 16)
  if (![1, 4, 8, 16, 24, 32].includes(bits))
    throw unsupported('BMP', `BMP of ${bits} bits a pixel`, 'Convert it to PNG first.')
  if (compression > BITFIELDS)
    throw unsupported('BMP', `BMP compression ${compression}`, 'Convert it to PNG first.')
  let at = 14 + size
  const masks = readMasks(reader, bits, compression, size)
  if (compression === BITFIELDS && size === 40) at += 12
  const entry = old ? 3 : 4
  let palette: Uint8Array = new Uint8Array()
  let depth = bits
  let blackAndWhite = false
  let offset = reader.u32(10, true)
  if (bits <= 8) {
    if (colours > 65536) throw unsupported('BMP', `BMP with ${colours} colours`, 'Convert it to PNG first.')
    const read = readColours(reader, at, entry, colours)
    if (read.gray) depth = colours === 2 ? 1 : 8
    blackAndWhite = read.gray && colours === 2
    palette = read.palette
    // Some writers leave the palette out of the offset.
    if (offset === 14 + size) offset += entry * colours
    at += entry * colours
  }
  const runs = compression === RLE8 || compression === RLE4
  if (runs && (bits > 8 || blackAndWhite))
    throw unreadable('BMP', `run-length coding does not go with its ${bits} bits a pixel`)
  return { width, height, topDown, bits, depth, compression, offset: offset || at, palette, masks }
}

/**
 * A palette of `colours`, as far as the file goes. One of grays that are their own indices, or black and white, Pillow takes for
 * none: two of them for a bit each, others for a byte.
 */
function readColours(
  reader: ByteReader,
  at: number,
  entry: number,
  colours: number,
): { gray: boolean; palette: Uint8Array } {
  const bytes = reader.bytes.subarray(at, at + colours * entry)
  const count = Math.floor(bytes.length / entry)
  const grayOf = (i: number): number => (colours === 2 ? i * 255 : i & 255)
  let gray = count === colours
  for (let i = 0; gray && i < count * entry; i++)
    gray = i % entry === 3 || bytes[i] === grayOf(Math.floor(i / entry))
  if (!gray && count > 256) throw unreadable('BMP', `its palette has ${count} colours`)
  const palette = new Uint8Array(768)
  for (let i = 0; i < Math.min(count, 256) * 3; i++)
    palette[i] = bytes[Math.floor(i / 3) * entry + 2 - (i % 3)]!
  if (gray && colours !== 2) for (let i = 0; i < 768; i++) palette[i] = Math.floor(i / 3)
  return { gray, palette }
}

/** The bit fields that Pillow takes; it refuses others. Those of 32 bits go with alpha's. */
const FIELDS: Readonly<Record<number, readonly (readonly [number, number, number, number?])[]>> = {
  16: [
    [0xf800, 0x7e0, 0x1f],
    [0x7c00, 0x3e0, 0x1f],
  ],
  24: [[0xff0000, 0xff00, 0xff]],
  32: [
    [0xff0000, 0xff00, 0xff, 0],
    [0xff0000, 0xff00, 0xff, 0xff000000],
    [0xff000000, 0xff0000, 0xff00, 0],
    [0xff000000, 0xff0000, 0xff00, 0xff],
    [0xff000000, 0xff00, 0xff, 0],
    [0xff000000, 0xff00, 0xff, 0xff0000],
    [0xff, 0xff00, 0xff0000, 0xff000000],
  ],
}

function readMasks(
  reader: ByteReader,
  bits: number,
  compression: number,
  size: number,
): readonly [number, number, number] {
  const usual: readonly [number, number, number] =
    bits === 16 ? [0x7c00, 0x3e0, 0x1f] : [0xff0000, 0xff00, 0xff]
  if (compression !== BITFIELDS) return usual
  const masks = [54, 58, 62].map((at) => reader.u32(at, true)) as [number, number, number]
  const alpha = size >= 56 ? reader.u32(66, true) : 0
  if (bits === 32 && [...masks, alpha].every((mask) => mask === 0)) return usual
  const known = FIELDS[bits]?.some((fields) => fields.every((mask, i) => mask === (masks[i] ?? alpha)))
  if (!known) {
    const hex = masks.map((mask) => mask.toString(16)).join(', ')
    throw unsupported('BMP', `BMP with the bit fields ${hex}`, 'Convert it to PNG first.')
  }
  return masks
}

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

function unpackFields({ bits, masks }: Header): Unpack {
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
function readRuns(reader: ByteReader, { width, height, compression, offset }: Header): Uint8Array {
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
