import { concatBytes } from '../../base/concat-bytes.ts'
import { ImageError } from '../../base/errors.ts'
import type { Inflate } from '../codecs/image-codecs.ts'
import { truncated, unreadable } from '../image-errors.ts'
import type { RawImage } from '../raw-image.ts'
import { ByteReader } from './byte-reader.ts'
import { crc32 } from './crc32.ts'
import { inflateChunks } from './inflate-stream.ts'
import { type PngChunk, pngChunks, pngSize } from './png-chunks.ts'
import { type PngHeader, pngRows, type Region } from './png-rows.ts'

/**
 * Decodes PNG of every depth and colour type, plain or interlaced, to what Pillow makes of it: gAMA, iCCP, tRNS and EXIF
 * are left alone, 16-bit colour keeps its high byte, 16-bit gray is clipped at 255, an APNG gives its default picture.
 * Row by row, so that a large picture takes little more than its RGB. Throws `ImageError` `image_truncated`, `image_unreadable`.
 */
export async function decodePng(bytes: Uint8Array, inflate: Inflate): Promise<RawImage> {
  const { header, palette, idat, whole } = readChunks(bytes)
  const rows = pngRows(header, palette)
  try {
    // Rows that lack stay black where the stream has its end, as Pillow leaves them.
    if (rows.size <= SMALL) rows.take(await inflate(concatBytes(idat), rows.size))
    else for await (const chunk of inflateChunks(idat)) if (rows.take(chunk)) break
  } catch (cause) {
    if (cause instanceof ImageError) throw cause
    throw whole
      ? unreadable('PNG', 'its pixels do not inflate', cause)
      : truncated('PNG', 'its pixels are not all there', cause)
  }
  const { width, height } = header
  return { data: rows.out, width, height, channels: rows.channels }
}

/** Bytes of pixels that are inflated at once. */
const SMALL = 1 << 25

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
  header: PngHeader
  palette: Uint8Array
  idat: Uint8Array[]
  whole: boolean
} {
  let header: PngHeader | undefined
  // Indices past the palette's end come out black, as from Pillow.
  const palette = new Uint8Array(768)
  const idat: Uint8Array[] = []
  let whole = false
  let sequence = 0
  for (const chunk of pngChunks(bytes)) {
    const { type, body } = chunk
    whole = type === 'IEND' || (idat.length > 0 && type !== 'IDAT')
    if (whole && idat.length > 0) break
    if (type === 'IDAT') {
      idat.push(body)
      continue
    }
    checkChunk(bytes, chunk)
    if (type === 'IHDR')
      header = readHeader(new ByteReader(body, () => unreadable('PNG', 'its header is too short')))
    else if (type === 'PLTE') {
      if (body.length > 768) throw unreadable('PNG', 'its palette has more than 256 colours')
      palette.set(body.subarray(0, body.length - (body.length % 3)))
    } else if (type === 'fcTL' && header) header = { ...header, region: readRegion(body, header, sequence++) }
    if (whole) break
  }
  if (idat.length === 0 && !whole) throw truncated('PNG', 'it ends before its pixels')
  if (!header) throw unreadable('PNG', 'it has no header')
  if (idat.length === 0) throw unreadable('PNG', 'it has no pixels')
  return { header, palette, idat, whole }
}

/** Pillow does not look at the checksums of the pixels, which have one of their own (adler-32). */
function checkChunk(bytes: Uint8Array, { type, body, at, cut }: PngChunk): void {
  if (cut) throw truncated('PNG', 'it ends before its pixels')
  const end = at + 8 + body.length
  const said = new DataView(bytes.buffer, bytes.byteOffset).getUint32(end)
  if (said !== crc32(bytes.subarray(at + 4, end)))
    throw unreadable('PNG', `the checksum of its ${type} chunk is wrong`)
}

function readHeader(reader: ByteReader): PngHeader {
  const depth = reader.u8(8)
  const colour = reader.u8(9)
  const kind = COLOURS[colour]
  if (!kind?.depths.includes(depth))
    throw unreadable('PNG', `there is no colour type ${colour} of ${depth} bits`)
  if (reader.u8(11) !== 0) throw unreadable('PNG', 'its filter method is unknown')
  const { width, height } = pngSize(reader, 0)
  const region = { x: 0, y: 0, width, height }
  return { width, height, depth, colour, samples: kind.samples, interlaced: reader.u8(12) !== 0, region }
}

/**
 * Of an APNG, where its first frame lies, which is the default picture. The specification has it fill the canvas; where it does
 * not, Pillow takes the pixels for those of that part.
 */
function readRegion(body: Uint8Array, header: PngHeader, sequence: number): Region {
  const reader = new ByteReader(body, () => unreadable('PNG', 'its frame header is too short'))
  const [width, height] = [reader.u32(4, false), reader.u32(8, false)]
  const [x, y] = [reader.u32(12, false), reader.u32(16, false)]
  const fits = width > 0 && height > 0 && x + width <= header.width && y + height <= header.height
  if (body.length < 26 || reader.u32(0, false) !== sequence || !fits)
    throw unreadable('PNG', 'the header of its first frame is damaged')
  return { x, y, width, height }
}
