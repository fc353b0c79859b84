import type { ByteReader } from '../../byte-reader.ts'
import { COMPRESSION } from '../pillow-setup.ts'
import type { TiffDirectory } from '../tiff-entries.ts'
import { TAG } from '../tiff-tags.ts'
import { damaged, LibtiffFields } from './libtiff-fields.ts'

/** What libtiff knows of a picture. Sizes in pixels, bits, bytes. */
export interface Libtiff {
  readonly littleEndian: boolean
  readonly width: number
  readonly height: number
  readonly bits: number
  readonly samples: number
  readonly compression: number
  photometric: number
  readonly fillOrder: number
  readonly rowsPerStrip: number
  planar: boolean
  readonly sampleFormat: number
  readonly extra: readonly number[]
  readonly predictor: number
  readonly group3Options: number
  readonly tiled: boolean
  readonly tileWidth: number
  readonly tileHeight: number
  subsampling: readonly [number, number]
  readonly luma: readonly number[]
  readonly blackWhite: readonly number[]
  readonly jpegTables: Uint8Array | undefined
  readonly oldJpeg: OldJpegTags
  /** Strips or tiles, all planes together. */
  readonly parts: number
  offsets: readonly number[]
  counts: readonly number[]
}

/** Where old-style JPEG has its stream, which may lie in strips instead, and its tables; 0 or none where nothing is said. */
interface OldJpegTags {
  readonly start: number
  readonly length: number
  readonly restartInterval: number
  readonly quantTables: readonly number[]
  readonly dcTables: readonly number[]
  readonly acTables: readonly number[]
}

/**
 * Reads the directory as libtiff does (`TIFFReadDirectory` of 4.7.1), which is stricter than Pillow: of a tag that comes twice
 * the first counts, and what it needs must have the right type and count. Throws `ImageError` `image_unreadable`,
 * `image_truncated`.
 */
export function readLibtiff(reader: ByteReader, directory: TiffDirectory): Libtiff {
  if (reader.u16(2, directory.littleEndian) !== (directory.big ? 43 : 42)) throw damaged('its header')
  const { announced, entries } = directory
  if (announced === 0 || announced > MOST_ENTRIES || entries.length < announced)
    throw damaged('its directory')
  const fields = new LibtiffFields(reader, directory)
  const basic = readBasics(fields)
  const tif: Libtiff = { ...basic, ...readDetails(fields, basic), offsets: [], counts: [] }
  const { compression } = tif
  if (compression === COMPRESSION.oldJpeg) mendOldJpeg(tif, fields)
  if (!(tif.parts > 0)) throw damaged('the number of its strips')
  const offsets = fields.last([TAG.stripOffsets, TAG.tileOffsets])
  if (offsets) tif.offsets = fields.places(offsets, tif.parts)
  else if (!(compression === COMPRESSION.oldJpeg && !tif.tiled && tif.parts === 1))
    throw damaged('its offsets')
  const counts = fields.last([TAG.stripByteCounts, TAG.tileByteCounts])
  if (counts) tif.counts = fields.places(counts, tif.parts)
  if (tif.photometric === 3 && tif.bits < 8 && !fields.hasColorMap(tif.bits)) throw damaged('its palette')
  if (compression !== COMPRESSION.oldJpeg) mendCounts(tif, fields, counts !== undefined)
  return tif
}

type Basics = Omit<
  Libtiff,
  | 'offsets'
  | 'counts'
  | 'fillOrder'
  | 'sampleFormat'
  | 'predictor'
  | 'group3Options'
  | 'subsampling'
  | 'luma'
  | 'blackWhite'
  | 'jpegTables'
  | 'oldJpeg'
  | 'photometric'
  | 'bits'
>

/** What must be right for anything else to be read. */
function readBasics(fields: LibtiffFields): Basics {
  const samples = fields.short(TAG.samplesPerPixel, true) ?? 1
  const compression = fields.perSample(TAG.compression, samples) ?? 1
  const usual = compression === COMPRESSION.oldJpeg && !fields.has(TAG.samplesPerPixel) ? 3 : samples
  const width = fields.long(TAG.width, true) ?? 0
  const height = fields.long(TAG.height, true) ?? 0
  const planarTag = fields.short(TAG.planar, true) ?? 1
  const rowsPerStrip = fields.long(TAG.rowsPerStrip, true) ?? 0xffffffff
  if (samples === 0 || (planarTag !== 1 && planarTag !== 2) || rowsPerStrip === 0) throw damaged('its layout')
  const tiled = fields.has(TAG.tileWidth) || fields.has(TAG.tileHeight)
  const tileWidth = fields.long(TAG.tileWidth, true) ?? 0
  const tileHeight = fields.long(TAG.tileHeight, true) ?? 0
  const extra = fields.shorts(TAG.extraSamples)
  if (
    extra &&
    (extra.length === 0 || extra.length > samples || extra.some((each) => each > 2 && each !== 999))
  ) {
    throw damaged('its extra samples')
  }
  const planar = planarTag === 2
  const down = tiled
    ? Math.ceil(height / tileHeight) * Math.ceil(width / tileWidth)
    : Math.ceil(height / Math.min(rowsPerStrip, height))
  return {
    littleEndian: fields.directory.littleEndian,
    width,
    height,
    samples: usual,
    compression,
    rowsPerStrip,
    planar,
    extra: (extra ?? []).map((each) => (each === 999 ? 2 : each)),
    tiled,
    tileWidth,
    tileHeight,
    parts: down * (planar ? usual : 1),
  }
}

function readDetails(
  fields: LibtiffFields,
  { samples, compression }: Basics,
): Omit<Libtiff, keyof Basics | 'offsets' | 'counts'> {
  const bits = fields.perSample(TAG.bitsPerSample, samples) ?? (compression === COMPRESSION.oldJpeg ? 8 : 1)
  const sampleFormat = fields.perSample(TAG.sampleFormat, samples) ?? 1
  if (sampleFormat < 1 || sampleFormat > 6) throw damaged('its sample format')
  const fillOrder = fields.short(TAG.fillOrder) ?? 1
  // Of no use here, but where they are damaged libtiff reads nothing.
  for (const tag of [280, 281, 32996]) fields.perSample(tag, samples)
  for (const tag of [340, 341]) {
    if (fields.has(tag) && !fields.floats(tag, samples)) throw damaged(`tag ${tag}`)
  }
  const subsampling = fields.shorts(TAG.subsampling, 2)
  const luma = fields.floats(TAG.luma, 3) ?? [0.299, 0.587, 0.114].map(Math.fround)
  return {
    bits,
    sampleFormat,
    photometric: fields.short(TAG.photometric) ?? (compression === COMPRESSION.oldJpeg ? 6 : 0),
    fillOrder: fillOrder === 2 ? 2 : 1,
    predictor: fields.short(TAG.predictor) ?? 1,
    group3Options: fields.long(TAG.group3Options) ?? 0,
    subsampling: subsampling ? [subsampling[0]!, subsampling[1]!] : [2, 2],
    luma,
    blackWhite: fields.floats(TAG.blackWhite, 6) ?? [0, 255, 128, 255, 128, 255],
    jpegTables: fields.bytes(TAG.jpegTables),
    oldJpeg: {
      start: fields.place(TAG.jpegStart) ?? 0,
      length: fields.place(TAG.jpegLength) ?? 0,
      restartInterval: fields.short(TAG.jpegRestart) ?? 0,
      quantTables: fields.few(TAG.jpegQuantTables),
      dcTables: fields.few(TAG.jpegDcTables),
      acTables: fields.few(TAG.jpegAcTables),
    },
  }
}

/** Old JPEG in planes of one strip is not in planes. */
function mendOldJpeg(tif: Libtiff, fields: LibtiffFields): void {
  if (tif.photometric === 2) tif.photometric = 6
  const one = (tag: number): boolean => fields.find(tag)?.count === 1
  if (tif.planar && one(TAG.stripOffsets) && one(TAG.stripByteCounts)) tif.planar = false
}

/** Sizes of strips that are missing, or 0 where there is one strip, are made up. */
function mendCounts(tif: Libtiff, fields: LibtiffFields, known: boolean): void {
  const { parts, planar, samples, tiled, offsets, counts } = tif
  if (known) {
    if (parts === 1 && !tiled && offsets[0] !== 0 && counts[0] === 0)
      tif.counts = fields.estimate(tif.parts, tif.planar ? tif.samples : 1, tif.offsets)
    return
  }
  if (planar ? parts !== samples : parts > 1) throw damaged('the sizes of its strips')
  tif.counts = fields.estimate(tif.parts, tif.planar ? tif.samples : 1, tif.offsets)
}

const MOST_ENTRIES = 4096
