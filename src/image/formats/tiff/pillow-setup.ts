import { unreadable, unsupported } from '../../image-errors.ts'
import { type ModeKey, MOST_SAMPLES, type PillowMode, pillowMode } from './pillow-modes.ts'
import { allValues, oneValue, storedSize, TAG, type TiffTags } from './tiff-tags.ts'

/** What `TiffImageFile._setup` finds out before anything is decoded. */
export interface PillowSetup {
  readonly width: number
  readonly height: number
  readonly compression: number
  readonly planar: boolean
  readonly mode: string
  /** How samples lie; where libtiff hands them out it is in the order of bits and bytes of a little-endian machine. */
  readonly raw: string
  /** Bits of a pixel by the tags. */
  readonly pixelBits: number
  /** Of the colours and what follows them: by so many Pillow divides a line's length where samples have planes. */
  readonly bands: number
  readonly littleEndian: boolean
}

export const COMPRESSION = {
  none: 1,
  runs: 2,
  group3: 3,
  group4: 4,
  lzw: 5,
  oldJpeg: 6,
  jpeg: 7,
  deflate: 8,
  runsWord: 32771,
  packBits: 32773,
  thunderScan: 32809,
  oldDeflate: 32946,
  lzma: 34925,
  zstandard: 50000,
} as const

/** Those that Pillow's libtiff knows of, but does not read, or not in pictures that Pillow opens. */
const NAMES: Readonly<Record<number, string>> = { 34676: 'SGILog', 34677: 'SGILog24', 50001: 'WebP' }
const READ: ReadonlySet<number> = new Set(Object.values(COMPRESSION))

/** A whole file of a kind that is not read: there is no use in fetching it again. */
export const notRead = (what: string): Error =>
  unsupported(
    'TIFF',
    `TIFF with ${what}`,
    'This kind is not read: save it as PNG, or as TIFF with RGB of 8 bits.',
  )

/** Throws `ImageError` `image_unsupported` for what Pillow refuses, `image_unreadable` for tags that contradict each other. */
export function setUp(tags: TiffTags): PillowSetup {
  const { width, height } = storedSize(tags)
  if (tags.tags.has(TAG.jpegXr)) throw notRead('JPEG XR')
  const compression = oneValue(tags, TAG.compression) ?? 1
  if (!READ.has(compression)) throw notRead(`compression ${NAMES[compression] ?? compression}`)
  const planar = oneValue(tags, TAG.planar) === 2
  const stored = oneValue(tags, TAG.photometric) ?? 0
  const photometric = compression === COMPRESSION.oldJpeg ? 6 : stored
  const fillOrder = oneValue(tags, TAG.fillOrder) ?? 1
  const { bits, extra, bands } = readBits(tags, compression, photometric, planar)
  const { littleEndian } = tags.directory
  const key: ModeKey = {
    littleEndian,
    photometric,
    sampleFormat: readFormat(tags),
    fillOrder,
    bits,
    extra,
  }
  const mode = pillowMode(key)
  if (!mode) throw notRead(describe(key))
  const pixelBits = bits.reduce((sum, each) => sum + each, 0)
  const { raw } = compression === COMPRESSION.none ? mode : libtiffMode(key, mode, compression, planar)
  return { width, height, compression, planar, mode: mode.mode, raw, pixelBits, bands, littleEndian }
}

function readFormat(tags: TiffTags): readonly number[] {
  const format = allValues(tags, TAG.sampleFormat) ?? [1]
  return format.every((each) => each === format[0]) ? format.slice(0, 1) : format
}

function readBits(
  tags: TiffTags,
  compression: number,
  photometric: number,
  planar: boolean,
): { bits: readonly number[]; extra: readonly number[]; bands: number } {
  let bits = allValues(tags, TAG.bitsPerSample) ?? [1]
  let extra = allValues(tags, TAG.extraSamples) ?? []
  const usual = compression === COMPRESSION.oldJpeg ? 3 : 1
  let samples = oneValue(tags, TAG.samplesPerPixel) ?? usual
  if (planar && extra.length > 0 && Math.max(...extra) === 0) {
    // Planes that nothing is said of are left out.
    bits = bits.slice(0, -extra.length)
    samples -= extra.length
    extra = []
  }
  const bands = (COLOURS[photometric] ?? 1) + extra.length
  if (samples > MOST_SAMPLES) throw notRead(`${samples} samples a pixel`)
  if (samples < bits.length) bits = bits.slice(0, Math.max(0, samples))
  else if (bits.length === 1 && Number.isInteger(samples)) bits = Array<number>(samples).fill(bits[0]!)
  if (bits.length !== samples) throw unreadable('TIFF', `it has ${samples} samples of ${bits.length} sizes`)
  return { bits, extra, bands }
}

const COLOURS: Readonly<Record<number, number>> = { 2: 3, 5: 4, 6: 3, 8: 3 }

/** libtiff turns bits round itself, and gives samples in the machine's order. */
function libtiffMode(
  key: ModeKey,
  mode: PillowMode,
  compression: number,
  planar: boolean,
): { readonly raw: string } {
  const { raw } = (key.fillOrder === 2 ? pillowMode({ ...key, fillOrder: 1 }) : mode) ?? mode
  if (key.photometric === 6 && compression === COMPRESSION.jpeg && !planar) return { raw: 'RGB' }
  return { raw: raw.replace(/;16[BL]?$/, ';16N') }
}

function describe({ photometric, sampleFormat, fillOrder, bits, extra }: ModeKey): string {
  const more = extra.length > 0 ? `, extra samples ${extra.join()}` : ''
  const order = fillOrder === 1 ? '' : `, fill order ${fillOrder}`
  return `photometric ${photometric}, samples of ${bits.join(', ')} bits, format ${sampleFormat.join()}${more}${order}`
}
