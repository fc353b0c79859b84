import type { ByteReader } from '../../byte-reader.ts'
import { type Box, boxes, damaged, uint } from './avif-boxes.ts'

/** What `iinf` says of an item: its type is four letters at `at`, then comes its name, which ends with NUL. */
export interface ItemInfo {
  readonly id: number
  readonly at: number
  readonly end: number
}

/** The entries of an `iinf` box. Throws `image_unreadable`. */
export function* itemInfos(reader: ByteReader, box: Box): Generator<ItemInfo> {
  const size = reader.u8(box.at) === 0 ? 2 : 4
  let count = uint(reader, box.at + 4, size)
  for (const { type, at, end } of boxes(reader, box.at + 4 + size, box.end)) {
    if (count-- === 0) break
    if (type !== 'infe') throw damaged("its 'iinf' box holds other things than items")
    const version = reader.u8(at)
    if (version !== 2 && version !== 3) throw damaged(`its items are of version ${version}`)
    const bytes = version === 2 ? 2 : 4
    yield { id: uint(reader, at + 4, bytes), at: at + 6 + bytes, end }
  }
  if (count > 0) throw damaged('it has fewer items than it says')
}

/** Where an item's bytes are: one part after the other, in the file or in its `idat` box. */
export interface ItemPlace {
  readonly id: number
  readonly inIdat: boolean
  readonly extents: readonly { readonly offset: number; readonly length: number }[]
}

/** The entries of an `iloc` box. Throws `image_unreadable`. */
export function* itemPlaces(reader: ByteReader, box: Box): Generator<ItemPlace> {
  const version = reader.u8(box.at)
  if (version > 2) throw damaged(`its 'iloc' box is of version ${version}`)
  const sizes = reader.u16(box.at + 4, false)
  const [offsetSize, lengthSize, baseSize] = [sizes >> 12, (sizes >> 8) & 15, (sizes >> 4) & 15]
  const indexSize = version === 0 ? 0 : sizes & 15
  let at = box.at + 6
  const next = (bytes: number): number => {
    const value = uint(reader, at, bytes)
    at += bytes
    if (at > box.end) throw damaged("its 'iloc' box ends early")
    return value
  }
  const idSize = version < 2 ? 2 : 4
  for (let count = next(idSize); count > 0; count--) {
    const id = next(idSize)
    const method = version === 0 ? 0 : next(2) & 15
    if (method > 1) throw damaged('an item is made from another')
    next(2)
    const base = next(baseSize)
    const extents: { offset: number; length: number }[] = []
    const told = next(2)
    // Of extents that take no bytes in the list, all are alike and empty: one tells as much.
    let left = indexSize + offsetSize + lengthSize === 0 ? Math.min(told, 1) : told
    for (; left > 0; left--) {
      next(indexSize)
      extents.push({ offset: base + next(offsetSize), length: next(lengthSize) })
    }
    yield { id, inIdat: method === 1, extents }
  }
}
