import { concatBytes } from '../../base/concat-bytes.ts'
import { ByteReader } from '../../image/formats/byte-reader.ts'
import type { TextFields } from '../text-fields.ts'
import { latin1, startsWith, utf8OrLatin1, withoutEnd } from './decode-text.ts'
import { readExif } from './exif-text.ts'
import { readXmp } from './xmp-text.ts'

class Damaged extends Error {}

/** Reads the Exif and XMP items of an AVIF (ISO/IEC 14496-12: `meta`, `iinf`, `iloc`). */
export function readAvif(bytes: Uint8Array, fields: TextFields): void {
  const reader = new ByteReader(bytes, () => new Damaged())
  try {
    const meta = boxes(reader, 0, reader.length).find(({ type }) => type === 'meta')
    if (!meta) return
    const inside = boxes(reader, meta.start + 4, meta.end)
    const box = (type: string): Box | undefined => inside.find((found) => found.type === type)
    const [infos, places] = [box('iinf'), box('iloc')]
    if (!infos || !places) return
    const wanted = itemTypes(reader, infos)
    for (const { id, extents } of locations(reader, places, box('idat')?.start)) {
      const kind = wanted.get(id)
      if (kind === undefined) continue
      const body = joined(extents.map(({ at, length }) => reader.slice(at, length)))
      if (kind === 'xmp') readXmp(utf8OrLatin1(withoutEnd(body)), fields)
      else readExif(tiffOf(body), fields)
    }
  } catch (error) {
    if (!(error instanceof Damaged)) throw error
    fields.damaged = true
  }
}

/** Four bytes say how far it is to the TIFF; not every writer counts `Exif\0\0` in. */
function tiffOf(body: Uint8Array): Uint8Array {
  if (body.length < 8) throw new Damaged()
  const offset = new DataView(body.buffer, body.byteOffset).getUint32(0)
  const said = 4 + offset
  return startsWith(body, 'II', said) || startsWith(body, 'MM', said) ? body.subarray(said) : body.subarray(4)
}

interface Box {
  readonly type: string
  readonly start: number
  readonly end: number
}

function boxes(reader: ByteReader, from: number, end: number): Box[] {
  const found: Box[] = []
  for (let at = from; at + 8 <= end;) {
    let size = reader.u32(at, false)
    let head = 8
    if (size === 1) {
      size = reader.u32(at + 8, false) * 2 ** 32 + reader.u32(at + 12, false)
      head = 16
    }
    if (size === 0) size = end - at
    if (size < head || at + size > reader.length) throw new Damaged()
    found.push({ type: latin1(reader.slice(at + 4, 4)), start: at + head, end: at + size })
    at += size
  }
  return found
}

/** The items that are Exif or XMP. */
function itemTypes(reader: ByteReader, { start, end }: Box): Map<number, 'exif' | 'xmp'> {
  const types = new Map<number, 'exif' | 'xmp'>()
  const first = start + 4 + (reader.u8(start) === 0 ? 2 : 4)
  for (const info of boxes(reader, first, end)) {
    const version = reader.u8(info.start)
    if (info.type !== 'infe' || version < 2) continue
    const wide = version >= 3
    const at = info.start + 4
    const id = wide ? reader.u32(at, false) : reader.u16(at, false)
    const type = latin1(reader.slice(at + (wide ? 6 : 4), 4))
    if (type === 'Exif') types.set(id, 'exif')
    else if (type === 'mime' && latin1(reader.slice(at, info.end - at)).includes('application/rdf+xml'))
      types.set(id, 'xmp')
  }
  return types
}

interface Location {
  readonly id: number
  readonly extents: readonly { readonly at: number; readonly length: number }[]
}

function* locations(reader: ByteReader, { start }: Box, idat: number | undefined): Generator<Location> {
  const version = reader.u8(start)
  const sizes = reader.u16(start + 4, false)
  const [offsetSize, lengthSize, baseSize] = [sizes >> 12, (sizes >> 8) & 15, (sizes >> 4) & 15]
  const indexSize = version === 0 ? 0 : sizes & 15
  const wide = version >= 2
  let at = start + 6
  const next = (size: number): number => {
    let value = 0
    for (let i = 0; i < size; i++) value = value * 256 + reader.u8(at++)
    return value
  }
  for (let count = next(wide ? 4 : 2); count > 0; count--) {
    const id = next(wide ? 4 : 2)
    const method = version === 0 ? 0 : next(2) & 15
    next(2)
    const base = next(baseSize) + (method === 1 ? (idat ?? Infinity) : 0)
    const extents: { at: number; length: number }[] = []
    for (let left = next(2); left > 0; left--) {
      next(indexSize)
      extents.push({ at: base + next(offsetSize), length: next(lengthSize) })
    }
    if (method <= 1) yield { id, extents }
  }
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const size = parts.reduce((sum, part) => sum + part.length, 0)
  if (size > 2 ** 26) throw new Damaged()
  return concatBytes(parts)
}
