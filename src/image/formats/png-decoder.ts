import type { Inflate } from '../codecs/image-codecs.ts'
import { truncated, unreadable } from '../image-errors.ts'
import type { RawImage } from '../raw-image.ts'
import { ByteReader } from './byte-reader.ts'
import { crc32 } from './crc32.ts'
import { unfilter } from './png-unfilter.ts'

/**
 * Decodes PNG of every depth and colour type, plain or interlaced, to what Pillow makes of it: gAMA, iCCP, tRNS and EXIF
 * are left alone, 16-bit colour keeps its high byte, 16-bit gray is clipped at 255, an APNG gives its default picture.
 * Throws `ImageError` `image_truncated`, `image_unreadable`.
 */
export async function decodePng(bytes: Uint8Array, inflate: Inflate): Promise<RawImage> {
  const { header, palette, idat, whole } = readChunks(bytes)
  const { width, height, depth, samples } = header
  const passes = header.interlaced ? adam7(width, height) : [{ x: 0, y: 0, dx: 1, dy: 1, width, height }]
  const bits = depth * samples
  const size = passes.reduce((sum, pass) => sum + pass.height * (1 + Math.ceil((pass.width * bits) / 8)), 0)
  let data: Uint8Array
  try {
    data = await inflate(idat, size)
  } catch (cause) {
    throw whole
      ? unreadable('PNG', 'its pixels do not inflate', cause)
      : truncated('PNG', 'its pixels are not all there', cause)
  }
  // The stream is whole, but has too few rows: those that lack stay black, as Pillow leaves them.
  if (data.length < size) data = wholeRows(data, size, passes, bits)

  const channels = header.colour === 3 ? 3 : samples
  if (!header.interlaced && depth === 8 && header.colour !== 3) {
    return { data: unfilter(data, 0, height, width * samples, samples), width, height, channels: samples }
  }
  const out = new Uint8Array(width * height * channels)
  let at = 0
  for (const pass of passes) {
    const rowBytes = Math.ceil((pass.width * bits) / 8)
    const rows = unfilter(data, at, pass.height, rowBytes, Math.max(1, bits >> 3))
    at += pass.height * (rowBytes + 1)
    scatter(rows, rowBytes, pass, header, palette, out, channels)
  }
  return { data: out, width, height, channels }
}

/** The rows that are there in full, and zeros for the others. */
function wholeRows(data: Uint8Array, size: number, passes: readonly Pass[], bits: number): Uint8Array {
  const out = new Uint8Array(size)
  let end = 0
  for (const pass of passes) {
    const row = 1 + Math.ceil((pass.width * bits) / 8)
    const rows = Math.min(pass.height, Math.floor((data.length - end) / row))
    end += rows * row
    if (rows < pass.height) break
  }
  out.set(data.subarray(0, end))
  return out
}

interface Header {
  readonly width: number
  readonly height: number
  readonly depth: number
  readonly colour: number
  readonly samples: 1 | 2 | 3 | 4
  readonly interlaced: boolean
}

interface Pass {
  readonly x: number
  readonly y: number
  readonly dx: number
  readonly dy: number
  readonly width: number
  readonly height: number
}

/** Depths allowed for each colour type, and its samples a pixel (PNG specification, table 11.1). */
const COLOURS: Readonly<
  Record<number, { readonly depths: readonly number[]; readonly samples: 1 | 2 | 3 | 4 }>
> = {
  0: { depths: [1, 2, 4, 8, 16], samples: 1 },
  2: { depths: [8, 16], samples: 3 },
  3: { depths: [1, 2, 4, 8], samples: 1 },
  4: { depths: [8, 16], samples: 2 },
  6: { depths: [8, 16], samples: 4 },
}

function readChunks(bytes: Uint8Array): {
  header: Header
  palette: Uint8Array
  idat: Uint8Array
  whole: boolean
} {
  const reader = new ByteReader(bytes, () => truncated('PNG', 'it ends before its pixels'))
  let header: Header | undefined
  // Indices past the palette's end come out black, as from Pillow.
  const palette = new Uint8Array(768)
  const idat: Uint8Array[] = []
  let whole = false
  for (let at = 8; !whole;) {
    if (idat.length > 0 && at + 8 > bytes.length) break
    const length = reader.u32(at, false)
    const type = reader.text(at + 4, 4)
    if (idat.length > 0 && type !== 'IDAT') {
      whole = true
      break
    }
    if (type === 'IDAT' && at + 12 + length > bytes.length) {
      idat.push(bytes.subarray(at + 8))
      break
    }
    const body = reader.slice(at + 8, length)
    // Pillow does not look at the checksums of the pixels, which have one of their own (adler-32).
    if (
      type !== 'IDAT' &&
      reader.u32(at + 8 + length, false) !== crc32(bytes.subarray(at + 4, at + 8 + length))
    ) {
      throw unreadable('PNG', `the checksum of its ${type} chunk is wrong`)
    }
    if (type === 'IHDR')
      header = readHeader(new ByteReader(body, () => unreadable('PNG', 'its header is too short')))
    else if (type === 'PLTE') {
      if (length > 768) throw unreadable('PNG', 'its palette has more than 256 colours')
      palette.set(body.subarray(0, length - (length % 3)))
    } else if (type === 'IDAT') idat.push(body)
    else if (type === 'IEND') whole = true
    at += 12 + length
  }
  if (!header) throw unreadable('PNG', 'it has no header')
  if (idat.length === 0) throw unreadable('PNG', 'it has no pixels')
  return { header, palette, idat: join(idat), whole }
}

function readHeader(reader: ByteReader): Header {
  const depth = reader.u8(8)
  const colour = reader.u8(9)
  const kind = COLOURS[colour]
  if (!kind?.depths.includes(depth))
    throw unreadable('PNG', `there is no colour type ${colour} of ${depth} bits`)
  if (reader.u8(10) !== 0 || reader.u8(11) !== 0)
    throw unreadable('PNG', 'its compression or filter method is unknown')
  const width = reader.u32(0, false)
  const height = reader.u32(4, false)
  return { width, height, depth, colour, samples: kind.samples, interlaced: reader.u8(12) === 1 }
}

function join(parts: readonly Uint8Array[]): Uint8Array {
  if (parts.length === 1) return parts[0]!
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    out.set(part, at)
    at += part.length
  }
  return out
}

/** The seven passes of an interlaced picture that have pixels. */
function adam7(width: number, height: number): Pass[] {
  const passes: Pass[] = []
  for (const [x, y, dx, dy] of [
    [0, 0, 8, 8],
    [4, 0, 8, 8],
    [0, 4, 4, 8],
    [2, 0, 4, 4],
    [0, 2, 2, 4],
    [1, 0, 2, 2],
    [0, 1, 1, 2],
  ] as const) {
    const pass = { x, y, dx, dy, width: Math.ceil((width - x) / dx), height: Math.ceil((height - y) / dy) }
    if (pass.width > 0 && pass.height > 0) passes.push(pass)
  }
  return passes
}

/** Turns a pass's samples into bytes and puts them where they belong. */
function scatter(
  rows: Uint8Array,
  rowBytes: number,
  pass: Pass,
  header: Header,
  palette: Uint8Array,
  out: Uint8Array,
  channels: number,
): void {
  const { depth, samples, colour } = header
  const step = pass.dx * channels
  const mask = (1 << depth) - 1
  const grayScale = 255 / mask
  for (let y = 0; y < pass.height; y++) {
    const row = y * rowBytes
    let to = ((pass.y + y * pass.dy) * header.width + pass.x) * channels
    for (let x = 0; x < pass.width; x++, to += step) {
      if (colour === 3) {
        const index =
          depth === 8
            ? rows[row + x]!
            : (rows[row + ((x * depth) >> 3)]! >> (8 - depth - ((x * depth) & 7))) & mask
        out[to] = palette[index * 3]!
        out[to + 1] = palette[index * 3 + 1]!
        out[to + 2] = palette[index * 3 + 2]!
      } else if (depth < 8) {
        out[to] = ((rows[row + ((x * depth) >> 3)]! >> (8 - depth - ((x * depth) & 7))) & mask) * grayScale
      } else if (depth === 8) {
        for (let c = 0; c < samples; c++) out[to + c] = rows[row + x * samples + c]!
      } else if (colour === 0) {
        out[to] = rows[row + x * 2]! > 0 ? 255 : rows[row + x * 2 + 1]!
      } else {
        for (let c = 0; c < samples; c++) out[to + c] = rows[row + (x * samples + c) * 2]!
      }
    }
  }
}
