import { concatBytes } from '../../base/bytes/concat-bytes.ts'
import { ImageError } from '../../base/errors.ts'
import {
  type Box,
  boxes,
  cutShort,
  damaged,
  fileBoxes,
} from '../../image/formats/avif/container/avif-boxes.ts'
import { itemInfos, itemPlaces } from '../../image/formats/avif/container/avif-item-lists.ts'
import { ByteReader } from '../../image/formats/byte-reader.ts'
import type { TextFields } from '../text-fields.ts'
import { readExif } from './exif-text.ts'
import { latin1, startsWith, utf8OrLatin1, withoutEnd } from './text-bytes.ts'
import { readXmp } from './xmp-text.ts'

/** Reads the Exif and XMP items of an AVIF (ISO/IEC 14496-12: `meta`, `iinf`, `iloc`). */
export function readAvif(bytes: Uint8Array, fields: TextFields): void {
  const reader = new ByteReader(bytes, () => cutShort('it ends within its metadata'))
  try {
    const meta = metaBox(reader)
    if (!meta) return
    const inside = [...boxes(reader, meta.at + 4, meta.end)]
    const box = (type: string): Box | undefined => inside.find((found) => found.type === type)
    const [infos, places] = [box('iinf'), box('iloc')]
    if (!infos || !places) return
    const wanted = itemTypes(reader, infos)
    for (const { id, inIdat, extents } of itemPlaces(reader, places)) {
      const kind = wanted.get(id)
      if (kind === undefined) continue
      if (!fields.take(extents.reduce((sum, { length }) => sum + length, 0))) return
      const from = inIdat ? (box('idat')?.at ?? Infinity) : 0
      const body = joined(extents.map(({ offset, length }) => reader.slice(from + offset, length)))
      if (kind === 'xmp') readXmp(utf8OrLatin1(withoutEnd(body)), fields)
      else readExif(tiffOf(body), fields)
    }
  } catch (error) {
    if (!(error instanceof ImageError)) throw error
    fields.damaged = true
  }
}

function metaBox(reader: ByteReader): Box | undefined {
  for (const box of fileBoxes(reader)) if (box.type === 'meta') return box
  return undefined
}

/** Four bytes say how far it is to the TIFF; not every writer counts `Exif\0\0` in. */
function tiffOf(body: Uint8Array): Uint8Array {
  if (body.length < 8) throw damaged('its Exif is too short')
  const offset = new DataView(body.buffer, body.byteOffset).getUint32(0)
  const said = 4 + offset
  return startsWith(body, 'II', said) || startsWith(body, 'MM', said) ? body.subarray(said) : body.subarray(4)
}

/** The items that are Exif or XMP. */
function itemTypes(reader: ByteReader, infos: Box): Map<number, 'exif' | 'xmp'> {
  const types = new Map<number, 'exif' | 'xmp'>()
  for (const { id, at, end } of itemInfos(reader, infos)) {
    const type = reader.text(at, 4)
    if (type === 'Exif') types.set(id, 'exif')
    else if (type === 'mime' && latin1(reader.slice(at, end - at)).includes('application/rdf+xml'))
      types.set(id, 'xmp')
  }
  return types
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const size = parts.reduce((sum, part) => sum + part.length, 0)
  if (size > 2 ** 26) throw damaged('its metadata is too large')
  return concatBytes(parts)
}
