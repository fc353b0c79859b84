import { ImageError } from '../../../base/errors.ts'
import { truncated, unreadable } from '../../image-errors.ts'
import type { RawImage } from '../../raw-image.ts'
import { ByteReader } from '../byte-reader.ts'
import { type CheckFrame, type JpegPicture, readPicture } from './headers/jpeg-components.ts'
import { isFrame, nextMarker } from './headers/jpeg-markers.ts'
import { JpegTables } from './headers/jpeg-tables.ts'
import { readScanHeader } from './headers/scan-header.ts'
import { type JpegEngine, type JpegKernel, jpegKernel, KernelRoom } from './jpeg-engine.ts'
import { makeBlockRows } from './pixels/block-rows.ts'
import type { JpegColour } from './pixels/colour.ts'
import { joinPicture } from './pixels/join-picture.ts'
import { needsSmoothing, rowSmoother } from './pixels/smooth-blocks.ts'
import { readArithmeticScan } from './scans/arithmetic-scan.ts'
import { readHuffmanScan } from './scans/huffman-scan.ts'
import { readLosslessScan } from './scans/lossless-scan.ts'

/**
 * Decodes a JPEG file to the pixels of libjpeg-turbo 3 as Pillow calls it: sequential and progressive, of 8 bits, any
 * sampling in whole ratios, gray, RGB, YCbCr, CMYK and YCCK (both given as RGB). What libjpeg only warns of is let pass.
 * Throws `ImageError` `image_truncated`, `image_unreadable`, `image_unsupported`.
 * `engine` is for tests and benchmarks: both give the same bytes.
 */
export function decodeJpeg(bytes: Uint8Array, engine?: JpegEngine): RawImage {
  const reader = new ByteReader(bytes, cutInSegment)
  const stream = readStream(reader, new JpegTables(), jpegKernel(engine))
  if (!stream.ended && !stream.whole) throw truncated('JPEG', 'it has no end marker')
  const data = joinStream(stream, colourOf(stream))
  const { width, height, components } = stream.picture!
  return { data, width, height, channels: components.length === 1 ? 1 : 3 }
}

/** A strip or tile of a TIFF: its samples as they are stored, or, of YCbCr, as RGB. `tables` gains those it brings along. */
export function decodeJpegStrip(
  bytes: Uint8Array,
  tables: JpegTables,
  colour: JpegColour,
  check: CheckFrame,
): Uint8Array {
  const reader = new ByteReader(bytes, cutInSegment)
  return joinStream(readStream(reader, tables, jpegKernel(), check), colour)
}

/** Reads a stream of nothing but tables, as TIFF files have it. Where it ends too soon, libtiff makes up end marks. */
export function readJpegTables(bytes: Uint8Array): JpegTables {
  const tables = new JpegTables()
  if (bytes.at(-2) !== 0xff || bytes.at(-1) !== 0xd9) {
    const longer = new Uint8Array(bytes.length + 2 * 65536)
    for (let at = bytes.length; at < longer.length; at += 2) longer.set([0xff, 0xd9], at)
    longer.set(bytes)
    bytes = longer
  }
  readStream(new ByteReader(bytes, () => truncated('JPEG', 'it ends within its tables')), tables)
  return tables
}

const cutInSegment = (): Error => truncated('JPEG', 'it ends within a segment')

/** What a stream has brought; colour is told by the segments before the first scan. */
interface JpegStream {
  picture: JpegPicture | undefined
  scans: number
  /** All of it came in one scan. */
  whole: boolean
  /** The end marker has come. */
  ended: boolean
  jfif: boolean
  /** What Adobe's segment says of colour: 0 none, 1 YCbCr, 2 YCCK. */
  adobe: number | undefined
}

function readStream(
  reader: ByteReader,
  tables: JpegTables,
  kernel?: JpegKernel,
  check?: CheckFrame,
): JpegStream {
  const stream: JpegStream = {
    picture: undefined,
    scans: 0,
    whole: false,
    ended: false,
    jfif: false,
    adobe: undefined,
  }
  try {
    readSegments(reader, tables, stream, kernel, check)
  } catch (error) {
    // A picture in one scan is there already: Pillow looks for the end marker behind it, and can do without.
    if (!(stream.whole && error instanceof ImageError && error.code === 'image_truncated')) throw error
  }
  return stream
}

function readSegments(
  reader: ByteReader,
  tables: JpegTables,
  stream: JpegStream,
  kernel: JpegKernel | undefined,
  check: CheckFrame | undefined,
): void {
  for (let at = 2; at < reader.length;) {
    const { marker, next } = nextMarker(reader, at)
    at = next
    if (marker === 0xd9) {
      stream.ended = true
      break
    }
    if ((marker >= 0xd0 && marker <= 0xd7) || (marker === 0x01 && (check || stream.scans > 0))) continue
    if (!isKnown(marker))
      throw unreadable('JPEG', `it has a segment of a kind that does not exist (${marker.toString(16)})`)
    const start = at + 2
    const length = reader.u16(at, false)
    if (length < 2 && TABLES.includes(marker)) throw unreadable('JPEG', 'its tables are damaged')
    const end = at + Math.max(2, length)
    at = end
    if (isFrame(marker)) {
      if (stream.picture) throw unreadable('JPEG', 'it has two frame headers')
      stream.picture = readPicture(reader, start, end, marker, kernel, check)
    } else if (marker === 0xda) {
      at = readScan(reader, start, end, stream, tables)
      // What comes behind, libtiff does not care for.
      if (stream.whole && check) break
      // With the last pixel decoded, Pillow looks no further than to the end of the bytes that it has read by then.
      if (stream.whole)
        reader = new ByteReader(reader.bytes.subarray(0, Math.ceil(at / CHUNK) * CHUNK), cutInSegment)
    } else if (marker === 0xe0 && end - start >= 14 && reader.text(start, 5) === 'JFIF\0') {
      if (stream.scans === 0) stream.jfif = true
    } else if (marker === 0xee && end - start >= 12 && reader.text(start, 5) === 'Adobe') {
      if (stream.scans === 0) stream.adobe = reader.u8(start + 11)
    } else tables.read(reader, marker, start, end)
  }
}

/** Those of ITU-T T.81 that libjpeg knows (`read_markers`); behind the start, another start marker is none of them. */
const isKnown = (marker: number): boolean =>
  (marker >= 0xc0 && marker <= 0xcf && marker !== 0xc8) ||
  (marker >= 0xda && marker <= 0xdd) ||
  (marker >= 0xe0 && marker <= 0xef) ||
  marker === 0xfe

function readScan(
  reader: ByteReader,
  start: number,
  end: number,
  stream: JpegStream,
  tables: JpegTables,
): number {
  const { picture } = stream
  if (!picture) throw unreadable('JPEG', 'it has no frame header')
  // Each goes over the whole picture: a file of a million of them would never end.
  if (++stream.scans > MAX_SCANS) throw unreadable('JPEG', `it has more than ${MAX_SCANS} scans`)
  if (stream.whole) throw unreadable('JPEG', 'it goes on behind its last scan')
  const scan = readScanHeader(reader, start, end, picture, stream.scans === 1)
  const read = readerOf(picture)
  const behind = read(reader.bytes, end, scan, picture, tables)
  stream.whole = !picture.progressive && stream.scans === 1 && scan.parts.length === picture.components.length
  return behind
}

function readerOf({ arithmetic, lossless }: JpegPicture): typeof readHuffmanScan {
  if (lossless) return readLosslessScan
  return arithmetic ? readArithmeticScan : readHuffmanScan
}

function joinStream({ picture, scans }: JpegStream, colour: JpegColour): Uint8Array {
  if (!picture || scans === 0) throw truncated('JPEG', 'it has no pixels')
  if (picture.lossless && picture.components.some(({ bitsLeft }) => bitsLeft[0]! < 0))
    throw unreadable('JPEG', 'a scan of it is missing')
  if (picture.progressive) transform(picture, scans)
  return joinPicture(picture, colour)
}

/** Of a progressive file all coefficients are there only now. */
function transform(picture: JpegPicture, scans: number): void {
  const smoothed = needsSmoothing(picture)
  for (const component of picture.components) {
    const { blocksAcross, blocksDown, coefficients, quant, stride } = component
    if (!quant) continue
    const room = picture.kernel && new KernelRoom(picture.kernel)
    const smooth = smoothed ? rowSmoother(component, picture, scans, room) : undefined
    const [rows] = makeBlockRows([{ component, rows: 1 }], picture.kernel, room)
    const { blocks, transform } = rows!
    for (let row = 0; row < blocksDown; row++) {
      const from = row * stride * 8
      const to = from + blocksAcross * 64
      blocks.set(coefficients.subarray(from, to))
      smooth?.(row, rows!)
      transform(row, 0, blocksAcross)
    }
  }
}

/** By the rules of libjpeg (`default_decompress_parms`). */
function colourOf({ picture, jfif, adobe }: JpegStream): JpegColour {
  const ids = picture?.components.map(({ id }) => id) ?? []
  if (picture?.lossless && ids.length > 1) {
    // Colours are kept as they are: what says that they are others is refused.
    const says = ids.length === 3 && jfif ? 1 : (adobe ?? 0)
    if (says !== 0) throw unreadable('JPEG', 'it is lossless, but not in the colours that such files have')
    return ids.length === 4 ? 'inks' : 'stored'
  }
  if (ids.length === 4) return adobe === undefined || adobe === 0 ? 'inks' : 'ycck'
  if (ids.length < 3) return 'stored'
  if (jfif) return 'ycc'
  if (adobe !== undefined) return adobe === 0 ? 'stored' : 'ycc'
  return String.fromCharCode(...ids) === 'RGB' ? 'stored' : 'ycc'
}

const MAX_SCANS = 1000
/** DQT, DHT, DAC. */
const TABLES = [0xdb, 0xc4, 0xcc]
/** Pillow hands a file to libjpeg by so many bytes. */
const CHUNK = 65536
