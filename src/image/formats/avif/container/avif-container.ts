import type { ByteReader } from '../../byte-reader.ts'
import { type Box, cutShort, damaged, fileBoxes, isTooLarge } from './avif-boxes.ts'
import { type AvifItem, type AvifItems, isSkipped, readItems } from './avif-items.ts'
import {
  type AvifCoding,
  type AvifProperty,
  checkAlphaProperties,
  codingOf,
  configOf,
  find,
  isAlpha,
  sizeOf,
} from './avif-properties.ts'
import { type AvifTrack, readTracks } from './avif-tracks.ts'

/** One AV1 picture of a file. */
export interface AvifTile {
  /** The size that it is to have; its data may have another. */
  readonly width: number
  readonly height: number
  /** Its `av1C`, and what says which layer of the data is meant. */
  readonly config: Uint8Array
  readonly selectors: readonly AvifProperty[]
  /** The AV1 data. Throws `image_truncated`. */
  read(): Uint8Array
}

/** Colours or alpha: one AV1 picture, or several that lie row by row in a grid. */
export interface AvifLayer {
  readonly width: number
  readonly height: number
  readonly tiles: readonly AvifTile[]
  readonly columns: number
  readonly isGrid: boolean
}

/** The picture of a file that libavif shows first. */
export interface AvifPicture {
  readonly width: number
  readonly height: number
  readonly colour: AvifLayer
  readonly alpha: AvifLayer | undefined
  readonly premultiplied: boolean
  /** Absent where the boxes do not say; the AV1 data does. */
  readonly coding: AvifCoding | undefined
}

/**
 * Reads the boxes as libavif 1.4 does for Pillow (avifDecoderParse and avifDecoderReset in its read.c): `pixi` may be absent,
 * `clap` is not looked at. Throws `image_unreadable`, `image_truncated`.
 */
export function openAvif(reader: ByteReader): AvifPicture {
  const { major, meta, moov } = topLevel(reader)
  const items = meta && readItems(reader, meta)
  for (const item of items?.items ?? []) checkSize(item)
  if (moov && major !== 'avif') return trackPicture(reader, moov)
  if (major === 'avis') throw damaged('it has no track of pictures')
  if (!items) throw damaged('it has no picture')
  return itemPicture(items)
}

function topLevel(reader: ByteReader): { major: string; meta: Box | undefined; moov: Box | undefined } {
  let brands: string[] | undefined
  let meta: Box | undefined
  let moov: Box | undefined
  for (const box of fileBoxes(reader)) {
    const { type, at, end } = box
    if (type === 'ftyp') {
      if (brands) throw damaged('it has two file types')
      if (end > reader.length) throw cutShort('it ends within its file type')
      brands = [reader.text(at, 4)]
      for (let brand = at + 8; brand + 4 <= end; brand += 4) brands.push(reader.text(brand, 4))
    } else if (/^(meta|moov)$/.test(type)) {
      if (!brands) throw damaged('it does not begin with its file type')
      if (end > reader.length) throw cutShort('it ends within its header')
      if (type === 'meta' ? meta : moov) throw damaged(`it has two '${type}' boxes`)
      if (type === 'meta') meta = box
      else moov = box
    }
    // What lies behind is not looked at.
    if (brands && (meta || !brands.includes('avif')) && (moov || !brands.includes('avis'))) break
  }
  if (!brands) throw damaged('it has no file type')
  if ((brands.includes('avif') && !meta) || (brands.includes('avis') && !moov))
    throw cutShort('it ends within its header')
  return { major: brands[0]!, meta, moov }
}

/** Every picture must say its size; an alpha plane has that of the colours where it does not. */
function checkSize(item: AvifItem): void {
  if (isSkipped(item)) return
  const size = sizeOf(item.properties)
  if (!size || size.width === 0 || size.height === 0) throw damaged('it does not say its size')
  if (isTooLarge(size.width, size.height)) throw damaged('its size is impossible')
}

function trackPicture(reader: ByteReader, moov: Box): AvifPicture {
  const { colour, alpha } = readTracks(reader, moov)
  if (alpha) checkAlphaProperties(colour.properties, alpha.properties)
  return {
    width: colour.width,
    height: colour.height,
    colour: trackLayer(reader, colour),
    alpha: alpha && trackLayer(reader, alpha),
    premultiplied: alpha !== undefined && colour.premultipliedBy === alpha.id,
    coding: codingOf(colour.properties),
  }
}

function trackLayer(reader: ByteReader, track: AvifTrack): AvifLayer {
  const { width, height, properties, offset, length } = track
  if (width === 0 || height === 0 || isTooLarge(width, height)) throw damaged('its size is impossible')
  const config = find(properties, 'av1C')
  if (!config) throw damaged('it does not say how it is coded')
  const tile: AvifTile = { width, height, config, selectors: [], read: () => reader.slice(offset, length) }
  return { width, height, tiles: [tile], columns: 1, isGrid: false }
}

function itemPicture(items: AvifItems): AvifPicture {
  const colour = items.items.find((item) => !isSkipped(item) && item.id === items.primary)
  if (!colour) throw damaged('it has no picture, or one of a kind that is not known')
  const layer = itemLayer(items, colour)
  const alpha = items.items.find((item) => !isSkipped(item) && isAlphaOf(item, colour.id))
  const alphaLayer = alpha ? itemLayer(items, alpha) : alphaTiles(items, colour, layer)
  if (alpha) checkAlphaProperties(colour.properties, alpha.properties)
  return {
    width: layer.width,
    height: layer.height,
    colour: layer,
    alpha: alphaLayer,
    premultiplied: alpha !== undefined && colour.premultipliedBy === alpha.id,
    coding: codingOf(colour.properties),
  }
}

const isAlphaOf = (item: AvifItem, id: number): boolean =>
  item.auxiliaryFor === id && isAlpha(item.properties, 'auxC')

function itemLayer(items: AvifItems, item: AvifItem): AvifLayer {
  const { width, height } = sizeOf(item.properties)!
  if (item.type !== 'grid') {
    configOf(item.properties)
    return { width, height, tiles: [itemTile(items, item)], columns: 1, isGrid: false }
  }
  const grid = readGrid(items.read(item))
  if (grid.width !== width || grid.height !== height) throw damaged('its grid has another size than it says')
  const tiles = inOrder(
    items.items.filter(({ tileOf }) => tileOf === item.id),
    grid.rows * grid.columns,
  )
  // A grid may leave its av1C and pixi to its tiles; what it says must be so.
  const config = find(item.properties, 'av1C') ?? configOf(tiles[0]!.properties)
  configOf([{ type: 'av1C', payload: config }, ...item.properties])
  for (const tile of tiles) {
    const own = find(tile.properties, 'av1C')
    if (!own || String(own.subarray(0, 3)) !== String(config.subarray(0, 3)))
      throw damaged('the tiles of its grid are coded differently')
  }
  return {
    width,
    height,
    tiles: tiles.map((tile) => itemTile(items, tile)),
    columns: grid.columns,
    isGrid: true,
  }
}

/** A grid whose tiles have alpha planes each has an alpha plane, too. */
function alphaTiles(items: AvifItems, colour: AvifItem, layer: AvifLayer): AvifLayer | undefined {
  if (!layer.isGrid) return undefined
  const found = items.items
    .filter(({ tileOf }) => tileOf === colour.id)
    .map((tile) => ({ tile, planes: items.items.filter((item) => isAlphaOf(item, tile.id)) }))
  if (found.some(({ planes }) => planes.length === 0)) return undefined
  if (found.some(({ planes }) => planes.length > 1 || planes[0]!.tileOf !== 0))
    throw damaged('a tile of its grid has two alpha planes')
  const tiles = found.sort((a, b) => a.tile.tileIndex - b.tile.tileIndex).map(({ planes }) => planes[0]!)
  return { ...layer, tiles: tiles.map((tile) => itemTile(items, tile)) }
}

function inOrder(tiles: readonly AvifItem[], count: number): AvifItem[] {
  const ordered = new Array<AvifItem>(count)
  for (const tile of tiles) {
    if (tile.type !== 'av01') throw damaged('a tile of its grid is no picture')
    ordered[tile.tileIndex] = tile
  }
  if (tiles.length !== count || ordered.length !== count || tiles.some((_, i) => !ordered[i]))
    throw damaged(`its grid wants ${count} tiles and has ${tiles.length}`)
  return ordered
}

function itemTile(items: AvifItems, item: AvifItem): AvifTile {
  const size = sizeOf(item.properties)
  const config = find(item.properties, 'av1C')
  if (!size || !config) throw damaged('it does not say its size or how it is coded')
  return {
    ...size,
    config,
    selectors: item.properties.filter(({ type }) => /^(a1op|lsel|a1lx)$/.test(type)),
    read: () => items.read(item),
  }
}

/** ISO/IEC 23008-12, 6.6.2.3. */
function readGrid(data: Uint8Array): { rows: number; columns: number; width: number; height: number } {
  const wide = (data[1]! & 1) !== 0
  if (data[0] !== 0 || data.length !== (wide ? 12 : 8)) throw damaged('its grid is damaged')
  const view = new DataView(data.buffer, data.byteOffset, data.length)
  const [width, height] = wide
    ? [view.getUint32(4), view.getUint32(8)]
    : [view.getUint16(4), view.getUint16(6)]
  return { rows: data[2]! + 1, columns: data[3]! + 1, width, height }
}
