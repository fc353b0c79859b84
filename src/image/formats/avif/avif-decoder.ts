import type { RawImage } from '../../raw-image.ts'
import { ByteReader } from '../byte-reader.ts'
import { av1Header } from './container/av1-header.ts'
import { cutShort, damaged } from './container/avif-boxes.ts'
import { type AvifLayer, type AvifTile, openAvif } from './container/avif-container.ts'
import type { AvifCoding } from './container/avif-properties.ts'
import { avifStill } from './container/avif-still.ts'
import { type AvifPlanes, half, newPlane, placePlane, type Plane } from './pixels/avif-planes.ts'
import { avifToRgb } from './pixels/avif-rgb.ts'
import { scalePlanes } from './pixels/avif-scale.ts'

/** Decodes a file of one AV1 picture to its samples. */
export type DecodeStill = (file: Uint8Array) => Promise<AvifPlanes>

/**
 * Decodes an AVIF file to Pillow's pixels. The boxes are read here, and each AV1 picture in them is given to `decode` in a file
 * of its own, so that only AV1 itself is the codec's. Throws `image_unreadable`, `image_truncated`.
 */
export async function decodeAvif(bytes: Uint8Array, decode: DecodeStill): Promise<RawImage> {
  const picture = openAvif(new ByteReader(bytes, () => cutShort('it ends within its header')))
  const { width, height } = picture
  const colour = await decodeLayer(picture.colour, decode)
  const alpha = picture.alpha && (await decodeLayer(picture.alpha, decode))
  if (alpha && (alpha.planes.width !== width || alpha.planes.height !== height))
    throw damaged('its alpha plane has another size than its colours')
  if (alpha && alpha.planes.depth !== colour.planes.depth)
    throw damaged('its alpha plane has another depth than its colours')
  if (alpha && !alpha.coding.fullRange) stretch(alpha.planes.y, alpha.planes.depth)
  const data = avifToRgb(
    colour.planes,
    picture.coding ?? colour.coding,
    alpha && { samples: alpha.planes.y, premultiplied: picture.premultiplied },
  )
  return { data, width, height, channels: 3 }
}

interface Layer {
  readonly planes: AvifPlanes
  /** As the AV1 data of the first tile says it. */
  readonly coding: AvifCoding
}

async function decodeLayer(layer: AvifLayer, decode: DecodeStill): Promise<Layer> {
  const tiles: Layer[] = []
  for (const tile of layer.tiles) tiles.push(await decodeTile(tile, decode))
  const [first] = tiles as [Layer]
  if (!layer.isGrid) return first
  return {
    ...first,
    planes: joinTiles(
      layer,
      tiles.map(({ planes }) => planes),
    ),
  }
}

async function decodeTile(tile: AvifTile, decode: DecodeStill): Promise<Layer> {
  const data = tile.read()
  const { width, height, coding } = av1Header(data)
  const planes = await decode(avifStill(data, width, height, tile.config, tile.selectors))
  return { planes: scalePlanes(planes, tile.width, tile.height), coding }
}

/** The checks are those of libavif (avifDecoderDataAllocateImagePlanes, avifAreGridDimensionsValid). */
function joinTiles({ width, height, columns }: AvifLayer, tiles: readonly AvifPlanes[]): AvifPlanes {
  const [first] = tiles as [AvifPlanes]
  const { depth, halfWidth, halfHeight } = first
  const rows = tiles.length / columns
  const fits = (tile: number, count: number, size: number): boolean =>
    tile >= 64 && tile * count >= size && tile * (count - 1) < size
  if (!fits(first.width, columns, width) || !fits(first.height, rows, height))
    throw damaged('the tiles of its grid do not cover it')
  if ((halfWidth && (width | first.width) & 1) || (halfHeight && (height | first.height) & 1))
    throw damaged('its grid has odd sides')
  const same = (tile: AvifPlanes): boolean =>
    tile.width === first.width &&
    tile.height === first.height &&
    tile.depth === depth &&
    tile.halfWidth === halfWidth &&
    tile.halfHeight === halfHeight &&
    !tile.chroma === !first.chroma
  if (!tiles.every(same)) throw damaged('the tiles of its grid differ')
  const join = (plane: (tile: AvifPlanes) => Plane, halfX: boolean, halfY: boolean): Plane => {
    const [fullWidth, fullHeight] = [half(width, halfX), half(height, halfY)]
    const [tileWidth, tileHeight] = [half(first.width, halfX), half(first.height, halfY)]
    const out = newPlane(fullWidth * fullHeight, depth)
    for (const [i, tile] of tiles.entries()) {
      const [left, top] = [(i % columns) * tileWidth, Math.floor(i / columns) * tileHeight]
      placePlane(out, fullWidth, fullHeight, plane(tile), tileWidth, tileHeight, left, top)
    }
    return out
  }
  return {
    ...first,
    width,
    height,
    y: join((tile) => tile.y, false, false),
    chroma: first.chroma && [
      join((tile) => tile.chroma![0], halfWidth, halfHeight),
      join((tile) => tile.chroma![1], halfWidth, halfHeight),
    ],
  }
}

/** Alpha of limited range to the full one, in place (avifLimitedToFullY). */
function stretch(alpha: Plane, depth: number): void {
  const unit = 2 ** (depth - 8)
  const max = 2 ** depth - 1
  const range = 219 * unit
  for (let i = 0; i < alpha.length; i++) {
    const value = Math.trunc(((alpha[i]! - 16 * unit) * max + (range >> 1)) / range)
    alpha[i] = Math.max(0, Math.min(max, value))
  }
}
