import { truncated, unreadable } from '../../image-errors.ts'
import { notRead, type PillowSetup } from './pillow-setup.ts'
import { allValues, FRACTIONS, oneValue, TAG, type TiffTags, wholeValue } from './tiff-tags.ts'
import { channelsOf, findUnpacker } from './unpackers.ts'

interface RawTile {
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
  readonly offset: number
  readonly raw: string
  /** Bytes from line to line; 0 where they follow each other. */
  readonly stride: number
}

/**
 * Uncompressed samples, which Pillow reads itself: it goes by the offsets alone, in the order of the file
 * (`TiffImageFile._setup`, `ImageFile.load`, `RawDecode.c`). Returns the channels of the mode, tightly packed.
 */
export function readRaw(bytes: Uint8Array, tags: TiffTags, setup: PillowSetup): Uint8Array {
  const { width, height, mode } = setup
  const channels = channelsOf(mode)
  const out = new Uint8Array(width * height * channels)
  const tiles = layTiles(tags, setup)
  for (const [i, tile] of tiles.entries()) {
    const unpacker = findUnpacker(mode, tile.raw)
    if (!unpacker) throw notRead(`samples of ${tile.raw} in planes`)
    const lineBytes = Math.ceil((tile.width * unpacker.bits) / 8)
    const step = tile.stride || lineBytes
    if (step < lineBytes) {
      // Of the last only Pillow notices it.
      if (i === tiles.length - 1) throw unreadable('TIFF', 'its lines are longer than its tiles')
      continue
    }
    const end = tile.offset + step * (tile.height - 1) + lineBytes
    if (!(end <= bytes.length)) throw truncated('TIFF', 'it ends before its pixels do')
    for (let row = 0; row < tile.height; row++) {
      const to = ((tile.y + row) * width + tile.x) * channels
      unpacker.unpack(out, to, bytes, tile.offset + row * step, tile.width)
    }
  }
  return out
}

function layTiles(tags: TiffTags, setup: PillowSetup): readonly RawTile[] {
  const { width, height, planar, raw, pixelBits, bands } = setup
  const striped = tags.tags.has(TAG.stripOffsets)
  const tag = striped ? TAG.stripOffsets : TAG.tileOffsets
  let offsets = readOffsets(tags, tag)
  const w = striped ? width : wholeValue(tags, TAG.tileWidth)
  const h = striped ? (oneValue(tags, TAG.rowsPerStrip) ?? height) : wholeValue(tags, TAG.tileHeight)
  if (w === undefined || h === undefined || !(w > 0) || !(h > 0) || !Number.isInteger(h)) {
    throw unreadable('TIFF', 'its strips or tiles have no size')
  }
  if (w === width && h === height && !planar) offsets = offsets.slice(-1)
  const tiles: RawTile[] = []
  let x = 0
  let y = 0
  let layer = 0
  for (const offset of offsets) {
    const stride = x + w > width ? (w * pixelBits) / 8 / (planar ? bands : 1) : 0
    const name = planar ? raw[layer] : raw
    if (name === undefined) throw notRead('more planes than its colours have')
    tiles.push({
      x,
      y,
      width: Math.min(w, width - x),
      height: Math.min(h, height - y),
      offset,
      raw: name,
      stride: Math.floor(stride),
    })
    x += w
    if (x < width) continue
    x = 0
    y += h
    if (y < height) continue
    y = 0
    layer++
  }
  return inFileOrder(tiles)
}

function readOffsets(tags: TiffTags, tag: number): readonly number[] {
  const found = tags.tags.get(tag)
  if (!found) throw unreadable('TIFF', 'it does not say where its pixels are')
  if (FRACTIONS.has(found.type)) throw unreadable('TIFF', 'it gives the places of its pixels as fractions')
  // Bytes are numbers here.
  const offsets = found.type === 1 ? found.values : (allValues(tags, tag) ?? [])
  if (!offsets.every((offset) => offset >= 0)) throw unreadable('TIFF', 'its pixels lie outside of it')
  return offsets
}

/** Of those that follow each other and cover the same, the last counts. */
function inFileOrder(tiles: RawTile[]): readonly RawTile[] {
  tiles.sort((a, b) => a.offset - b.offset)
  return tiles.filter((tile, i) => {
    const next = tiles[i + 1]
    return !(next && ['x', 'y', 'width', 'height', 'raw', 'stride'].every((key) => same(tile, next, key)))
  })
}

const same = (a: RawTile, b: RawTile, key: string): boolean =>
  a[key as keyof RawTile] === b[key as keyof RawTile]
