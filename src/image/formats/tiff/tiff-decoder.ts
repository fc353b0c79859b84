import type { Inflate } from '../../codecs/image-codecs.ts'
import { truncated, unreadable } from '../../image-errors.ts'
import type { RawImage } from '../../raw-image.ts'
import { ByteReader } from '../byte-reader.ts'
import { cmykToRgb } from '../cmyk.ts'
import { painter } from '../palette.ts'
import { labToRgb } from './lab.ts'
import { readByLibtiff } from './libtiff/libtiff-reader.ts'
import { orient } from './orient.ts'
import { COMPRESSION, type PillowSetup, setUp } from './pillow-setup.ts'
import { readRaw } from './raw-tiles.ts'
import { FRACTIONS, readTiffTags, TAG, tiffOrientation, type TiffTags } from './tiff-tags.ts'
import { channelsOf } from './unpackers.ts'

/**
 * Decodes the first picture of a TIFF as Pillow does: the kinds of `TiffImagePlugin.OPEN_INFO`; uncompressed samples by Pillow's
 * own rules, compressed ones by those of libtiff. Its orientation is applied, as Pillow does for TIFF only. Throws `ImageError`
 * `image_truncated`, `image_unreadable`, `image_unsupported`.
 */
export async function decodeTiff(bytes: Uint8Array, inflate: Inflate): Promise<RawImage> {
  const reader = new ByteReader(bytes, () => truncated('TIFF', 'it ends before its pixels do'))
  const tags = readTiffTags(reader)
  const setup = setUp(tags)
  const palette = setup.mode === 'P' || setup.mode === 'PA' ? readPalette(tags) : undefined
  const data =
    setup.compression === COMPRESSION.none
      ? readRaw(bytes, tags, setup)
      : await readByLibtiff(reader, tags, setup, inflate)
  return orient(toColours(data, setup, palette), tiffOrientation(tags))
}

function toColours(data: Uint8Array, { mode, width, height }: PillowSetup, palette?: Uint8Array): RawImage {
  if (palette) return { data: paint(data, palette), width, height, channels: 3 }
  if (mode === 'CMYK') return { data: cmykToRgb(data), width, height, channels: 3 }
  if (mode === 'LAB') return { data: labToRgb(data), width, height, channels: 3 }
  return { data, width, height, channels: channelsOf(mode) }
}

/** Reds, then greens, then blues, of which the high bytes are kept; missing colours are black. */
function readPalette(tags: TiffTags): Uint8Array {
  const found = tags.tags.get(TAG.colorMap)
  if (!found || found.type === 2 || FRACTIONS.has(found.type))
    throw unreadable('TIFF', 'it lacks its palette')
  const size = Math.floor(found.values.length / 3)
  if (size > 256) throw unreadable('TIFF', `its palette has ${size} colours`)
  const palette = new Uint8Array(256 * 3)
  for (let i = 0; i < size * 3; i++) palette[(i % size) * 3 + Math.floor(i / size)] = found.values[i]! >> 8
  return palette
}

function paint(indices: Uint8Array, palette: Uint8Array): Uint8Array {
  const out = new Uint8Array(indices.length * 3)
  painter(palette)(indices, 0, indices.length, out, 0)
  return out
}
