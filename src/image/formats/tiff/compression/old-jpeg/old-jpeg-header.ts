import { unreadable } from '../../../../image-errors.ts'
import type { Libtiff } from '../../libtiff/libtiff-directory.ts'
import { EndOfStream, type OldJpegBytes } from './old-jpeg-bytes.ts'

/** What a JPEG stream that libjpeg reads is put together from. Tables are whole segments, by their numbers. */
export interface OldJpegHeader {
  readonly quant: (Uint8Array | undefined)[]
  readonly dc: (Uint8Array | undefined)[]
  readonly ac: (Uint8Array | undefined)[]
  restartInterval: number
  frame: OldJpegFrame | undefined
  /** Of each component, its name in the scan and its tables. */
  readonly scan: { readonly id: number; readonly tables: number }[]
}

interface OldJpegFrame {
  readonly marker: number
  readonly width: number
  readonly height: number
  readonly components: readonly { readonly id: number; readonly sampling: number; readonly quant: number }[]
}

/** What the TIFF says of the pixels: a strip's or tile's width, and the rows of all of them. */
export interface OldJpegShape {
  readonly width: number
  readonly rows: number
  readonly samples: number
  /** Those that a scan brings. */
  readonly perScan: number
  readonly subsampling: readonly [number, number]
}

const damaged = (what: string): Error => unreadable('TIFF', `its old-style JPEG has damaged ${what}`)

/** How chroma is sampled by the frame header, where there is one before the data (`OJPEGSubsamplingCorrect`). */
export function sampledInStream(bytes: OldJpegBytes, byTag: readonly [number, number]): [number, number] {
  let found: [number, number] = [byTag[0] & 255, byTag[1] & 255]
  try {
    for (let marker = nextMarker(bytes); marker >= 0; marker = nextMarker(bytes)) {
      if (marker === 0xda || (marker !== 0xd8 && !isFrame(marker) && !isPassed(marker))) break
      if (marker === 0xd8) continue
      const length = bytes.u16()
      if (!isFrame(marker)) {
        if (length < 2 || (length === 2 && isTable(marker))) break
        bytes.skip(length - 2)
        continue
      }
      if (length < 11 || length % 3 !== 2 || bytes.u8() !== 8) break
      bytes.skip(4)
      if (bytes.u8() !== (length - 8) / 3) break
      bytes.u8()
      const factors = bytes.u8()
      found = [factors >> 4, factors & 15]
      break
    }
  } catch (error) {
    if (!(error instanceof EndOfStream)) throw error
  }
  return found
}

const isFrame = (marker: number): boolean => marker === 0xc0 || marker === 0xc1 || marker === 0xc3
const isTable = (marker: number): boolean => marker === 0xdb || marker === 0xc4
const isComment = (marker: number): boolean => marker === 0xfe || (marker >= 0xe0 && marker <= 0xef)
const isPassed = (marker: number): boolean => isTable(marker) || isComment(marker) || marker === 0xdd

/** The marker that comes next; -1 where the data has begun. */
function nextMarker(bytes: OldJpegBytes): number {
  const byte = bytes.peek()
  if (byte < 0) throw new EndOfStream()
  if (byte !== 0xff) return -1
  let marker = bytes.u8()
  while (marker === 0xff) marker = bytes.u8()
  return marker
}

/**
 * Reads up to the data (`OJPEGReadHeaderInfoSec`). Without a frame header before it, the tables are those that the tags name.
 * Throws `EndOfStream`, or `ImageError` `image_unreadable`.
 */
export function readOldJpegHeader(
  bytes: OldJpegBytes,
  shape: OldJpegShape,
  tif: Libtiff,
  restartInterval: number,
): OldJpegHeader {
  const header: OldJpegHeader = { quant: [], dc: [], ac: [], restartInterval, frame: undefined, scan: [] }
  for (let marker = nextMarker(bytes); marker >= 0; marker = nextMarker(bytes)) {
    if (marker === 0xd8) continue
    if (marker === 0xda) {
      readScan(bytes, header, shape.perScan)
      break
    }
    const length = isFrame(marker) || isPassed(marker) ? bytes.u16() : 0
    if (isFrame(marker)) header.frame = readFrame(bytes, length, marker, header, shape)
    else if (marker === 0xdd && length === 4) header.restartInterval = bytes.u16()
    else if (isComment(marker) && length >= 2) bytes.skip(length - 2)
    else if (marker === 0xdb) readQuant(bytes, length, header)
    else if (marker === 0xc4) readHuffman(bytes, length, header)
    else throw damaged('segments')
  }
  if (!header.frame) takeTables(bytes.file, header, shape, tif)
  return header
}

function readFrame(
  bytes: OldJpegBytes,
  length: number,
  marker: number,
  { frame }: OldJpegHeader,
  shape: OldJpegShape,
): OldJpegFrame {
  if (frame || length !== 8 + 3 * shape.samples || bytes.u8() !== 8) throw damaged('frame headers')
  const height = bytes.u16()
  const width = bytes.u16()
  if (height < shape.rows || width !== shape.width) throw damaged('sizes')
  if (bytes.u8() !== shape.samples) throw damaged('frame headers')
  const [across, down] = shape.subsampling
  const components = Array.from({ length: shape.samples }, (_, i) => {
    const component = { id: bytes.u8(), sampling: bytes.u8(), quant: bytes.u8() }
    if (component.sampling !== (i === 0 ? (across << 4) | down : 0x11)) throw damaged('sampling factors')
    return component
  })
  return { marker, width, height, components }
}

/** The names and tables of the components of a scan, behind its marker. */
export function readScan(bytes: OldJpegBytes, { frame, scan }: OldJpegHeader, perScan: number): void {
  if (!frame || bytes.u16() !== 6 + perScan * 2 || bytes.u8() !== perScan) throw damaged('scan headers')
  for (let i = 0; i < perScan; i++) scan.push({ id: bytes.u8(), tables: bytes.u8() })
  bytes.skip(3)
}

/** Tables of 8 bits only. */
function readQuant(bytes: OldJpegBytes, length: number, { quant }: OldJpegHeader): void {
  for (let left = length - 2; left !== 0; left -= 65) {
    if (left < 65) throw damaged('tables')
    const table = bytes.take(65)
    if ((table[0]! & 15) > 3) throw damaged('tables')
    quant[table[0]! & 15] = segment(0xdb, table)
  }
  if (length === 2) throw damaged('tables')
}

/** A segment with several tables counts as that of its first. */
function readHuffman(bytes: OldJpegBytes, length: number, { dc, ac }: OldJpegHeader): void {
  if (length <= 2) throw damaged('tables')
  const tables = bytes.take(length - 2)
  const [number, kind] = [tables[0]! & 15, tables[0]! >> 4]
  if (number > 3 || kind > 1) throw damaged('tables')
  ;(kind === 0 ? dc : ac)[number] = segment(0xc4, tables)
}

function segment(marker: number, data: Uint8Array): Uint8Array {
  const length = data.length + 2
  return Uint8Array.of(0xff, marker, length >> 8, length & 255, ...data)
}

/** Tables out of JPEGQTables, JPEGDCTables and JPEGACTables: a component without one of its own has that before it. */
function takeTables(
  file: Uint8Array,
  header: OldJpegHeader,
  { width, rows, samples, subsampling }: OldJpegShape,
  { oldJpeg }: Libtiff,
): void {
  const each = (places: readonly number[], take: (at: number, number: number) => void): number[] => {
    const numbers: number[] = []
    if (!places[0]) throw damaged('tables')
    for (let i = 0; i < samples; i++) {
      const at = places[i] ?? 0
      const own = at !== 0 && (i === 0 || at !== places[i - 1])
      if (own && i === 2 && at === places[0]) throw damaged('tables')
      if (own) take(at, i)
      numbers.push(own ? i : numbers[i - 1]!)
    }
    return numbers
  }
  const cut = (at: number, count: number): Uint8Array => {
    if (at + count > file.length) throw damaged('tables')
    return file.subarray(at, at + count)
  }
  const huffman =
    (to: (Uint8Array | undefined)[], kind: number) =>
    (at: number, number: number): void => {
      const total = cut(at, 16).reduce((sum, count) => sum + count, 0)
      to[number] = segment(0xc4, Uint8Array.of(kind | number, ...cut(at, 16 + total)))
    }
  const quants = each(oldJpeg.quantTables, (at, number) => {
    header.quant[number] = segment(0xdb, Uint8Array.of(number, ...cut(at, 64)))
  })
  const dcs = each(oldJpeg.dcTables, huffman(header.dc, 0))
  const acs = each(oldJpeg.acTables, huffman(header.ac, 16))
  const sampling = (subsampling[0] << 4) | subsampling[1]
  const components = quants.map((quant, id) => ({ id, quant, sampling: id === 0 ? sampling : 0x11 }))
  header.frame = { marker: 0xc0, width, height: rows, components }
  header.scan.splice(0, 3, ...dcs.map((dc, id) => ({ id, tables: (dc << 4) | acs[id]! })))
}
