import { ImageError } from '../../../base/errors.ts'
import type { Inflate } from '../../codecs/image-codecs.ts'
import { truncated, unreadable } from '../../image-errors.ts'
import type { RawImage } from '../../raw-image.ts'
import { ByteReader } from '../byte-reader.ts'
import { crc32 } from '../crc32.ts'
import { inflateDamaged } from '../inflate/inflate-damaged.ts'
import { inflateChunks } from '../inflate/inflate-stream.ts'
import { checkTail, isType, PngAncillary } from './png-ancillary.ts'
import { type PngChunk, pngChunks, sizeAt } from './png-chunks.ts'
import { type PngHeader, type PngRows, pngRows, type Region } from './png-rows.ts'

/**
 * Decodes PNG of every depth and colour type, plain or interlaced, to what Pillow makes of it: gAMA, iCCP, tRNS and EXIF
 * are left alone, 16-bit colour keeps its high byte, 16-bit gray is clipped at 255, an APNG gives its default picture.
 * Row by row, so that a large picture takes little more than its RGB. Throws `ImageError` `image_truncated`, `image_unreadable`.
 */
export async function decodePng(bytes: Uint8Array, inflate: Inflate): Promise<RawImage> {
  const ancillary = new PngAncillary(inflate)
  const { header, palette, idat, whole } = await readChunks(bytes, ancillary)
  const rows = pngRows(header, palette)
  const { region } = header
  if (rows.size > SMALL || region.width < header.width || region.height < header.height) rows.blank()
  try {
    if (rows.size <= SMALL) await takeWhole(rows, idat, inflate)
    else for await (const chunk of inflateChunks([idat.bytes])) if (rows.take(chunk)) break
  } catch (cause) {
    if (cause instanceof ImageError) throw cause
    throw whole
      ? unreadable('PNG', 'its pixels do not inflate', cause)
      : truncated('PNG', 'its pixels are not all there', cause)
  }
  if (!rows.clean) throw truncated('PNG', 'its pixels end within a row')
  await checkTail(tailOf(bytes), ancillary, header)
  const { width, height } = header
  return { data: rows.out, width, height, channels: rows.channels }
}

/** Bytes of pixels that are inflated at once. */
const SMALL = 1 << 25

/**
 * Pillow has zlib make row by row of chunk by chunk, and is content when it has the last row, or the stream ends with one: what
 * is damaged behind that it does not see. Rows that lack stay blank.
 */
async function takeWhole(rows: PngRows, { bytes: data, ends }: PngData, inflate: Inflate): Promise<void> {
  let doubt: unknown
  let out: Uint8Array | undefined
  try {
    out = await inflate(data, rows.size, () => (doubt = true))
  } catch (cause) {
    doubt = cause
  }
  const some = out && out.length < rows.size && ends.length > 1
  if (doubt !== undefined || some) {
    const wanted = some ? out!.length : rows.size
    out = new Uint8Array(wanted)
    const lastAsked = rows.lastRow < rows.size ? rows.size - rows.lastRow : undefined
    const came = inflateDamaged(data, out, { ends: pieceEnds(ends), lastAsked })
    if (came === 'damaged' || (some && came !== 'ended'))
      throw doubt ?? truncated('PNG', 'its pixels are not all there')
  }
  if (out!.length < rows.size) rows.blank()
  rows.take(out!)
}

/** Where the parts end that Pillow gives to zlib: chunks, of large ones so many bytes. */
function pieceEnds(chunkEnds: readonly number[]): number[] {
  const ends: number[] = []
  let at = 0
  for (const end of chunkEnds) {
    for (let part = at + PIECE; part < end; part += PIECE) ends.push(part)
    ends.push(end)
    at = end
  }
  return ends
}

const PIECE = 1 << 16

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

/** The bodies of all IDAT chunks, joined, and where each ends. */
interface PngData {
  readonly bytes: Uint8Array
  readonly ends: readonly number[]
}

interface PngParts {
  readonly header: PngHeader
  readonly palette: Uint8Array
  readonly idat: PngData
  /** Behind the pixels something comes, if only the end. */
  readonly whole: boolean
}

async function readChunks(bytes: Uint8Array, ancillary: PngAncillary): Promise<PngParts> {
  let header: PngHeader | undefined
  let colours: Uint8Array = new Uint8Array()
  // Numbers, since there may be very many.
  const starts: number[] = []
  const ends: number[] = []
  let whole = false
  for (const chunk of pngChunks(bytes)) {
    const { type, body } = chunk
    whole = type === 'IEND' || (starts.length > 0 && type !== 'IDAT')
    if (whole) break
    // Without a header Pillow passes over them.
    if (type === 'IDAT' && header) {
      starts.push(chunk.at + 8)
      ends.push(chunk.at + 8 + body.length)
      continue
    }
    if (!isType(type)) throw unreadable('PNG', 'a chunk has a name that none has')
    checkChunk(bytes, chunk)
    await ancillary.check(chunk, header)
    if (type === 'IHDR') header = readHeader(body, header)
    else if (type === 'PLTE' && header?.colour === 3) {
      colours = body
    } else if (type === 'fcTL' && header) header = { ...header, region: readRegion(body) }
  }
  if (starts.length === 0 && !whole) throw truncated('PNG', 'it ends before its pixels')
  if (!header) throw unreadable('PNG', 'it has no header')
  if (starts.length === 0) throw unreadable('PNG', 'it has no pixels')
  if (colours.length >= 771) throw unreadable('PNG', 'its palette has more than 256 colours')
  // Indices past the palette's end come out black, as from Pillow.
  const palette = new Uint8Array(768)
  palette.set(colours.subarray(0, colours.length - (colours.length % 3)))
  return { header, palette, idat: joinParts(bytes, starts, ends), whole }
}

function joinParts(bytes: Uint8Array, starts: readonly number[], ends: readonly number[]): PngData {
  if (starts.length === 1) return { bytes: bytes.subarray(starts[0], ends[0]), ends: [ends[0]! - starts[0]!] }
  const joined = new Uint8Array(starts.reduce((sum, start, i) => sum + ends[i]! - start, 0))
  let at = 0
  const places = starts.map((start, i) => {
    joined.set(bytes.subarray(start, ends[i]), at)
    return (at += ends[i]! - start)
  })
  return { bytes: joined, ends: places }
}

/** What comes behind the pixels. */
function* tailOf(bytes: Uint8Array): Generator<PngChunk> {
  let pixels = false
  let tail = false
  for (const chunk of pngChunks(bytes)) {
    tail ||= pixels && chunk.type !== 'IDAT'
    pixels ||= chunk.type === 'IDAT'
    if (tail) yield chunk
  }
}

/** Pillow does not look at the checksums of the pixels, which have one of their own (adler-32). */
function checkChunk(bytes: Uint8Array, { type, body, at, cut }: PngChunk): void {
  if (cut) throw truncated('PNG', 'it ends before its pixels')
  const end = at + 8 + body.length
  const said = new DataView(bytes.buffer, bytes.byteOffset).getUint32(end)
  if (said !== crc32(bytes.subarray(at + 4, end)))
    throw unreadable('PNG', `the checksum of its ${type} chunk is wrong`)
}

function readHeader(body: Uint8Array, before: PngHeader | undefined): PngHeader {
  const reader = new ByteReader(body, () => unreadable('PNG', 'its header is too short'))
  const depth = reader.u8(8)
  const colour = reader.u8(9)
  const kind = COLOURS[colour]
  if (!kind?.depths.includes(depth))
    throw unreadable('PNG', `there is no colour type ${colour} of ${depth} bits`)
  const { width, height } = sizeAt(reader, 0)
  const region = { x: 0, y: 0, width, height }
  const interlaced = reader.u8(12) !== 0 || (before?.interlaced ?? false)
  return { width, height, depth, colour, samples: kind.samples, interlaced, region }
}

/**
 * Of an APNG, where its first frame lies, which is the default picture. The specification has it fill the canvas; where it does
 * not, Pillow takes the pixels for those of that part.
 */
function readRegion(body: Uint8Array): Region {
  const reader = new ByteReader(body, () => unreadable('PNG', 'its frame header is too short'))
  const [width, height] = [reader.u32(4, false), reader.u32(8, false)]
  if (width === 0 || height === 0) throw unreadable('PNG', 'its first frame has no pixels')
  return { x: reader.u32(12, false), y: reader.u32(16, false), width, height }
}
