import { ImageError } from '../../base/errors.ts'
import type { Inflate } from '../codecs/image-codecs.ts'
import { truncated, unreadable, unsupported } from '../image-errors.ts'
import { orient } from '../orient.ts'
import type { RawImage } from '../raw-image.ts'
import { ByteReader } from './byte-reader.ts'
import { cmykToRgb } from './cmyk.ts'
import { decodeFax } from './fax/fax-decoder.ts'
import {
  expectBytes,
  reverseBits,
  undoPredictor,
  unpackBits,
  unpackTiffLzw,
  unpackZstandard,
} from './tiff-compression.ts'
import { jpegUnpacker } from './tiff-jpeg.ts'
import { unpackTiffSamples } from './tiff-samples.ts'
import { readTiffTags, TAG, type TiffTags } from './tiff-tags.ts'

/**
 * Decodes the first picture of a TIFF as Pillow does: strips and tiles, one plane or several, raw, LZW, Deflate, PackBits,
 * JPEG and fax; gray of 1 to 32 bits, gray+alpha, RGB(A) of 8 and 16 bits, palette, CMYK. Its orientation is applied, as Pillow
 * does for TIFF only. Throws `ImageError` `image_truncated`, `image_unreadable`, `image_unsupported`.
 */
export async function decodeTiff(bytes: Uint8Array, inflate: Inflate): Promise<RawImage> {
  const reader = new ByteReader(bytes, () => truncated('TIFF', 'it ends before its pixels do'))
  const tags = readTiffTags(reader)
  const orientation = tags.get(TAG.orientation)?.[0] ?? 1
  const layout = readLayout(tags)
  const samples = await readSamples(reader, tags, layout, inflate)
  const pixels = unpackTiffSamples(samples, layout)
  const { width, height } = layout
  const image: RawImage =
    layout.photometric === 5
      ? { data: cmykToRgb(pixels.data, false), width, height, channels: 3 }
      : { ...pixels, width, height }
  return orient(image, orientation)
}

/** How the samples of a picture lie in memory, once its strips are unpacked and put together. */
export interface TiffLayout {
  readonly width: number
  readonly height: number
  /** Bits a sample, the same for all. */
  readonly bits: number
  readonly samples: number
  /** 0 white is zero, 1 black is zero, 2 RGB, 3 palette, 5 CMYK. */
  readonly photometric: number
  /** 1 unsigned, 2 signed, 3 float. */
  readonly sampleFormat: number
  /** What follows the colours: 0 nothing in particular, 1 premultiplied alpha, 2 alpha. */
  readonly extra: number | undefined
  readonly littleEndian: boolean
  readonly colorMap: readonly number[]
  /** Bytes of a row of one plane. */
  readonly rowBytes: number
  /** Samples that lie side by side: all, or 1 where each has its plane. */
  readonly together: number
}

const refuse = (what: string): Error =>
  unsupported('TIFF', `TIFF with ${what}`, 'Save it as PNG, or as TIFF with RGB of 8 bits.')

function readLayout(tags: TiffTags): TiffLayout {
  const one = (tag: number, otherwise: number): number => tags.get(tag)?.[0] ?? otherwise
  const samples = one(TAG.samplesPerPixel, 1)
  const depths = tags.get(TAG.bitsPerSample) ?? [1]
  const bits = depths[0]!
  if (depths.some((depth) => depth !== bits)) throw refuse(`samples of ${depths.join(', ')} bits`)
  const together = one(TAG.planar, 1) === 2 ? 1 : samples
  const compression = one(TAG.compression, 1)
  const stored = one(TAG.photometric, 0)
  // JPEG's YCbCr comes out of its decoder as RGB.
  const photometric = stored === 6 && compression === 7 && together === 3 ? 2 : stored
  const sampleFormat = one(TAG.sampleFormat, 1)
  const colours = { 0: 1, 1: 1, 2: 3, 3: 1, 5: 4 }[photometric]
  if (colours === undefined || samples < colours)
    throw refuse(`photometric ${photometric} and ${samples} samples`)
  const allowed = photometric === 3 ? [1, 2, 4, 8] : photometric < 2 ? [1, 2, 4, 8, 16, 32] : [8, 16]
  if (!allowed.includes(bits) || (samples > 1 && bits < 8)) throw refuse(`${samples} samples of ${bits} bits`)
  if (
    sampleFormat > 3 ||
    (sampleFormat > 1 && (photometric > 1 || bits < 8)) ||
    (sampleFormat === 3 && bits !== 32)
  ) {
    throw refuse(`sample format ${sampleFormat}`)
  }
  if (FAX.includes(compression) && (bits !== 1 || samples !== 1))
    throw refuse(`fax of ${samples} samples of ${bits} bits`)
  if (compression === 7 && bits !== 8) throw refuse(`JPEG of ${bits} bits`)
  const width = one(TAG.width, 0)
  // A fourth sample of RGB that nothing is said of is alpha, not premultiplied.
  const extra = samples > colours ? one(TAG.extraSamples, 2) : undefined
  return {
    width,
    height: one(TAG.height, 0),
    bits,
    samples,
    photometric,
    sampleFormat,
    extra,
    littleEndian: tags.littleEndian,
    colorMap: tags.get(TAG.colorMap) ?? [],
    rowBytes: Math.ceil((width * together * bits) / 8),
    together,
  }
}

/** Unpacks all strips or tiles: rows of `rowBytes`, plane after plane. */
async function readSamples(
  reader: ByteReader,
  tags: TiffTags,
  layout: TiffLayout,
  inflate: Inflate,
): Promise<Uint8Array> {
  const { width, height, bits, together, rowBytes } = layout
  const planes = layout.samples / together
  const tiled = tags.has(TAG.tileOffsets)
  const partWidth = tiled ? (tags.get(TAG.tileWidth)?.[0] ?? 0) : width
  const partHeight = tiled
    ? (tags.get(TAG.tileHeight)?.[0] ?? 0)
    : Math.min(height, tags.get(TAG.rowsPerStrip)?.[0] ?? height)
  if (!(partWidth > 0 && partHeight > 0)) throw unreadable('TIFF', 'its strips or tiles have no size')
  const offsets = tags.get(tiled ? TAG.tileOffsets : TAG.stripOffsets) ?? []
  const counts = tags.get(tiled ? TAG.tileByteCounts : TAG.stripByteCounts)
  const across = Math.ceil(width / partWidth)
  const down = Math.ceil(height / partHeight)
  if (offsets.length < across * down * planes) throw truncated('TIFF', 'it has too few strips or tiles')
  const partRowBytes = Math.ceil((partWidth * together * bits) / 8)
  const unpack = unpacker(tags, layout, partWidth, partRowBytes, inflate)
  const out = new Uint8Array(rowBytes * height * planes)
  for (let i = 0; i < across * down * planes; i++) {
    const plane = Math.floor(i / (across * down))
    const top = (Math.floor(i / across) % down) * partHeight
    const left = Math.floor(((i % across) * partWidth * together * bits) / 8)
    const rows = Math.min(partHeight, height - top)
    const size = partRowBytes * (tiled ? partHeight : rows)
    const packed = counts?.[i] ?? size
    const data = expectBytes(
      await unpack(reader.slice(offsets[i]!, Math.min(packed, reader.length - offsets[i]!)), size),
      size,
    )
    for (let y = 0; y < rows; y++) {
      const row = data.subarray(y * partRowBytes, y * partRowBytes + Math.min(partRowBytes, rowBytes - left))
      out.set(row, (plane * height + top + y) * rowBytes + left)
    }
  }
  return out
}

function unpacker(
  tags: TiffTags,
  layout: TiffLayout,
  partWidth: number,
  partRowBytes: number,
  inflate: Inflate,
): Inflate {
  const compression = tags.get(TAG.compression)?.[0] ?? 1
  const predictor = tags.get(TAG.predictor)?.[0] ?? 1
  // JPEG has its own order of bits.
  const reversed = tags.get(TAG.fillOrder)?.[0] === 2 && compression !== 7
  const fax =
    (coding: 'runs' | 'group3' | 'group4', align: 8 | 16 = 8): Inflate =>
    (data, size) => {
      const twoDimensional = ((tags.get(TAG.faxOptions)?.[0] ?? 0) & 1) === 1
      return decodeFax(data, { width: partWidth, rows: size / partRowBytes, coding, twoDimensional, align })
    }
  const decompress = (
    {
      1: (data: Uint8Array, size: number) => data.slice(0, size),
      2: fax('runs'),
      3: fax('group3'),
      4: fax('group4'),
      5: unpackTiffLzw,
      7: jpegUnpacker(tags, layout, partRowBytes),
      8: inflate,
      32771: fax('runs', 16),
      32773: unpackBits,
      32946: inflate,
      50000: unpackZstandard,
    } as Readonly<Record<number, Inflate>>
  )[compression]
  if (!decompress) throw refuse(`compression ${COMPRESSIONS[compression] ?? compression}`)
  // The predictor belongs to these; it says nothing elsewhere.
  const predicted = predictor !== 1 && [5, 8, 32946, 50000].includes(compression)
  if (predicted && (predictor !== 2 || ![8, 16, 32].includes(layout.bits)))
    throw refuse(`predictor ${predictor}`)
  return async (data, size) => {
    let out: Uint8Array
    try {
      out = await decompress(reversed ? reverseBits(data) : data, size)
    } catch (cause) {
      if (cause instanceof ImageError) throw cause
      throw unreadable('TIFF', 'its pixels do not decompress', cause)
    }
    if (predicted) undoPredictor(out, partRowBytes, layout.together, layout.bits >> 3, layout.littleEndian)
    return out
  }
}

const FAX = [2, 3, 4, 32771]

const COMPRESSIONS: Readonly<Record<number, string>> = {
  6: 'old JPEG',
  34925: 'LZMA',
  50001: 'WebP',
}
