import type { ByteReader } from '../../byte-reader.ts'
import { type Box, boxes, checkText, cutShort, damaged, uint } from './avif-boxes.ts'
import { itemInfos, itemPlaces } from './avif-item-lists.ts'
import { type AvifProperty, checkEssential, isKnown, readProperties } from './avif-properties.ts'

/** An item of a `meta` box (ISO/IEC 23008-12): a picture, a part of one, or what belongs to one. */
export interface AvifItem {
  readonly id: number
  type: string
  /** Bytes, in all extents. */
  size: number
  readonly extents: { readonly offset: number; readonly length: number }[]
  inIdat: boolean
  readonly properties: AvifProperty[]
  /** Whether a property that we do not know is essential. */
  strange: boolean
  thumbnailFor: number
  auxiliaryFor: number
  premultipliedBy: number
  /** The grid that it is a tile of, and its place there. */
  tileOf: number
  tileIndex: number
}

export interface AvifItems {
  readonly primary: number
  /** In the order in which the file names them first. */
  readonly items: readonly AvifItem[]
  /** Throws `image_truncated` where the file ends before the item does. */
  read(item: AvifItem): Uint8Array
}

/** Whether an item is none that a picture could be made of. */
export const isSkipped = (item: AvifItem): boolean =>
  item.size === 0 || item.strange || !/^(av01|grid)$/.test(item.type) || item.thumbnailFor !== 0

export function readItems(reader: ByteReader, meta: Box): AvifItems {
  const found = new Map<string, Box>()
  if (reader.u8(meta.at) !== 0) throw damaged('its meta box is of a strange version')
  for (const box of boxes(reader, meta.at + 4, meta.end)) {
    if (found.size === 0) checkHandler(reader, box)
    if (found.has(box.type) && /^(hdlr|iloc|pitm|idat|iprp|iinf|iref)$/.test(box.type))
      throw damaged(`it has two '${box.type}' boxes`)
    found.set(box.type, box)
  }
  const items = new Map<number, AvifItem>()
  const item = (id: number): AvifItem => {
    if (id === 0) throw damaged('an item has no number')
    let one = items.get(id)
    if (!one) items.set(id, (one = newItem(id)))
    return one
  }
  let primary = 0
  for (const box of found.values()) {
    if (box.type === 'pitm') primary = uint(reader, box.at + 4, reader.u8(box.at) === 0 ? 2 : 4)
    else READERS[box.type]?.(reader, box, item)
  }
  return {
    primary,
    items: [...items.values()],
    read: (one) => readExtents(reader, one, found.get('idat')),
  }
}

function checkHandler(reader: ByteReader, { type, at, end }: Box): void {
  const isPicture =
    type === 'hdlr' &&
    reader.u8(at) === 0 &&
    reader.u32(at + 4, false) === 0 &&
    reader.text(at + 8, 4) === 'pict'
  if (!isPicture) throw damaged('its meta box is not that of a picture')
  checkText(reader, at + 24, end)
}

const newItem = (id: number): AvifItem => ({
  id,
  type: '',
  size: 0,
  extents: [],
  inIdat: false,
  properties: [],
  strange: false,
  thumbnailFor: 0,
  auxiliaryFor: 0,
  premultipliedBy: 0,
  tileOf: 0,
  tileIndex: 0,
})

type Reader = (reader: ByteReader, box: Box, item: (id: number) => AvifItem) => void

const READERS: Readonly<Record<string, Reader>> = {
  iinf: (reader, box, item) => {
    for (const { id, at, end } of itemInfos(reader, box)) {
      checkText(reader, at + 4, end)
      item(id).type = reader.text(at, 4)
    }
  },

  iloc: (reader, box, item) => {
    for (const { id, inIdat, extents } of itemPlaces(reader, box)) {
      const one = item(id)
      if (one.extents.length > 0) throw damaged('an item has two places')
      one.inIdat = inIdat
      for (const extent of extents) {
        one.extents.push(extent)
        one.size += extent.length
      }
    }
  },

  iprp: (reader, box, item) => {
    const [ipco, ...rest] = [...boxes(reader, box.at, box.end)]
    if (ipco?.type !== 'ipco') throw damaged('it has no properties')
    const properties = readProperties(reader, ipco.at, ipco.end)
    for (const ipma of rest) {
      if (ipma.type !== 'ipma') throw damaged("its 'iprp' box holds strange things")
      associate(reader, ipma, properties, item)
    }
  },

  iref: (reader, box, item) => {
    const version = reader.u8(box.at)
    if (version > 1) return
    const size = version === 0 ? 2 : 4
    for (const { type, at, end } of boxes(reader, box.at + 4, box.end)) {
      const from = item(uint(reader, at, size))
      const count = reader.u16(at + size, false)
      if (at + size + 2 + count * size > end) throw damaged("its 'iref' box ends early")
      for (let i = 0; i < count; i++) {
        const to = uint(reader, at + size + 2 + i * size, size)
        if (to === 0) throw damaged('an item has no number')
        if (type === 'thmb') from.thumbnailFor = to
        else if (type === 'auxl') from.auxiliaryFor = to
        else if (type === 'prem') from.premultipliedBy = to
        else if (type === 'dimg') {
          const tile = item(to)
          if (tile.tileOf !== 0) throw damaged('a tile has two places')
          tile.tileOf = from.id
          tile.tileIndex = i
        }
      }
    }
  },
}

function associate(
  reader: ByteReader,
  { at, end }: Box,
  properties: readonly AvifProperty[],
  item: (id: number) => AvifItem,
): void {
  const idSize = reader.u8(at) < 1 ? 2 : 4
  const wide = (reader.u8(at + 3) & 1) !== 0
  let count = reader.u32(at + 4, false)
  at += 8
  for (let last = 0; count > 0; count--) {
    const id = uint(reader, at, idSize)
    if (id <= last) throw damaged('its properties are out of order')
    last = id
    const one = item(id)
    let associations = reader.u8(at + idSize)
    at += idSize + 1
    for (; associations > 0; associations--) {
      const value = uint(reader, at, wide ? 2 : 1)
      at += wide ? 2 : 1
      const essential = value >= (wide ? 0x8000 : 0x80)
      const index = value & (wide ? 0x7fff : 0x7f)
      if (index === 0 && !essential) continue
      const property = properties[index - 1]
      if (!property) throw damaged('an item has a property that is not there')
      if (isKnown(property)) checkEssential(property, essential)
      else if (essential) one.strange = true
      one.properties.push(property)
    }
    if (at > end) throw damaged("its 'ipma' box ends early")
  }
}

function readExtents(reader: ByteReader, item: AvifItem, idat: Box | undefined): Uint8Array {
  const from = item.inIdat ? idat : { at: 0, end: reader.length }
  if (!from) throw damaged('it lacks the data that an item is in')
  const parts = item.extents.map(({ offset, length }) => {
    if (from.at + offset + length > from.end) throw cutShort('it ends within its picture')
    return reader.slice(from.at + offset, length)
  })
  if (parts.length === 1) return parts[0]!
  const whole = new Uint8Array(item.size)
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}
