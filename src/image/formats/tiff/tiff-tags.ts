import { unreadable } from '../../image-errors.ts'
import type { ByteReader } from '../byte-reader.ts'
import { readDirectory, readValues, type TiffDirectory, TYPE, TYPE_BYTES } from './tiff-entries.ts'

export const TAG = {
  width: 256,
  height: 257,
  bitsPerSample: 258,
  compression: 259,
  photometric: 262,
  fillOrder: 266,
  stripOffsets: 273,
  orientation: 274,
  samplesPerPixel: 277,
  rowsPerStrip: 278,
  stripByteCounts: 279,
  planar: 284,
  group3Options: 292,
  predictor: 317,
  colorMap: 320,
  tileWidth: 322,
  tileHeight: 323,
  tileOffsets: 324,
  tileByteCounts: 325,
  extraSamples: 338,
  sampleFormat: 339,
  jpegTables: 347,
  jpegStart: 513,
  jpegLength: 514,
  jpegRestart: 515,
  jpegQuantTables: 519,
  jpegDcTables: 520,
  jpegAcTables: 521,
  luma: 529,
  subsampling: 530,
  blackWhite: 532,
  xmp: 700,
  jpegXr: 0xbc01,
} as const

/** The signature of TIFF and BigTIFF, in the first bytes as Latin-1. */
export const isTiff = (head: string): boolean => /^(?:II[\x2a\x2b]\0|MM\0[\x2a\x2b])/.test(head)

/** A tag as Pillow reads it. */
interface TiffTag {
  readonly type: number
  readonly values: readonly number[]
}

/** The tags of a file's first picture that tell of its pixels, as Pillow reads them (`ImageFileDirectory_v2`). */
export interface TiffTags {
  readonly directory: TiffDirectory
  readonly tags: ReadonlyMap<number, TiffTag>
}

const WANTED: ReadonlySet<number> = new Set(Object.values(TAG))

/**
 * Reads the first directory of a TIFF or BigTIFF file as Pillow does: of a tag that comes twice the last counts, types that it
 * does not know are passed over, and behind a tag whose values lie outside the file nothing is read. Throws what `reader`
 * throws, or `image_unreadable`.
 */
export function readTiffTags(reader: ByteReader): TiffTags {
  const directory = readDirectory(reader)
  const tags = new Map<number, TiffTag>()
  for (const entry of directory.entries) {
    const { tag, type, count, whole } = entry
    if (TYPE_BYTES[type] === undefined || type === TYPE.slong8 || type === TYPE.ifd8) continue
    if (!whole) break
    if (count === 0 || !WANTED.has(tag)) continue
    tags.set(tag, { type, values: readValues(reader, directory, entry) })
  }
  return { directory, tags }
}

const isText = (type: number): boolean => type === TYPE.byte || type === TYPE.ascii || type === TYPE.undefined

/**
 * The first value of a tag that should have one. NaN, which is like no number, where Pillow gets bytes or text for it.
 */
export function oneValue({ tags }: TiffTags, tag: number): number | undefined {
  const found = tags.get(tag)
  if (!found) return undefined
  return isText(found.type) ? NaN : found.values[0]
}

/** All values of a tag; NaN for each where Pillow gets bytes or text. */
export function allValues({ tags }: TiffTags, tag: number): readonly number[] | undefined {
  const found = tags.get(tag)
  if (!found) return undefined
  return isText(found.type) ? found.values.map(() => NaN) : found.values
}

/** A value that has to be a whole number by its type, too. */
export function wholeValue({ tags }: TiffTags, tag: number): number | undefined {
  const found = tags.get(tag)
  if (!found || isText(found.type) || FRACTIONS.has(found.type)) return undefined
  return found.values[0]
}

export const FRACTIONS: ReadonlySet<number> = new Set([
  TYPE.rational,
  TYPE.srational,
  TYPE.float,
  TYPE.double,
])

/** Width and height as stored. Throws `image_unreadable`. */
export function storedSize(tags: TiffTags): { width: number; height: number } {
  const width = wholeValue(tags, TAG.width)
  const height = wholeValue(tags, TAG.height)
  if (width === undefined || height === undefined) throw unreadable('TIFF', 'it does not say its size')
  // A LONG8 holds more than a side can be, and more than a number can be exact about; signed types hold less.
  if (Math.max(width, height) > 0xffffffff || Math.min(width, height) < 0) {
    throw unreadable('TIFF', `it says that it is ${width}×${height} pixels`)
  }
  return { width, height }
}

/** Width and height as shown: orientations 5 to 8 swap them. */
export function tiffSize(tags: TiffTags): { width: number; height: number } {
  const { width, height } = storedSize(tags)
  const orientation = tiffOrientation(tags)
  return orientation >= 5 ? { width: height, height: width } : { width, height }
}

/** 1 to 8, by its tag, or, where that is missing, by the XMP text (`Image.getexif`). 1 where it is none of these. */
export function tiffOrientation(tags: TiffTags): number {
  const orientation = oneValue(tags, TAG.orientation) ?? xmpOrientation(tags)
  return [2, 3, 4, 5, 6, 7, 8].includes(orientation) ? orientation : 1
}

function xmpOrientation({ tags }: TiffTags): number {
  const xmp = tags.get(TAG.xmp)
  if (!xmp || (xmp.type !== TYPE.byte && xmp.type !== TYPE.undefined)) return 1
  const text = new TextDecoder('latin1').decode(Uint8Array.from(xmp.values))
  return Number(/tiff:Orientation(?:="|>)([0-9])/.exec(text)?.[1] ?? 1)
}
