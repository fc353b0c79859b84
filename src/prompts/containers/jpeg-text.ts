import { concatBytes } from '../../base/bytes/concat-bytes.ts'
import { ByteReader } from '../../image/formats/byte-reader.ts'
import { hasBody, jpegSegments } from '../../image/formats/jpeg/headers/jpeg-markers.ts'
import type { TextFields } from '../text-fields.ts'
import { readExif } from './exif-text.ts'
import { startsWith, utf8OrLatin1, withoutEnd } from './text-bytes.ts'
import { readXmp } from './xmp-text.ts'

const XMP = 'http://ns.adobe.com/xap/1.0/\0'
const MORE_XMP = 'http://ns.adobe.com/xmp/extension/\0'
/** GUID, whole length, offset. */
const MORE_XMP_HEAD = MORE_XMP.length + 40

/** Reads Exif and XMP of APP1 and the comments, up to the pixels. */
export function readJpeg(bytes: Uint8Array, fields: TextFields): void {
  const exif: Uint8Array[] = []
  const more: { readonly at: number; readonly part: Uint8Array }[] = []
  for (const { marker, body } of bodies(bytes, fields)) {
    if (marker === 0xfe) fields.add('Comment', utf8OrLatin1(withoutEnd(body)), 'COM')
    else if (marker === 0xeb && startsWith(body, 'JP')) fields.c2pa = true
    else if (marker !== 0xe1) continue
    // An Exif block of more than 64 kB goes on in further segments.
    else if (startsWith(body, 'Exif\0\0')) exif.push(body.subarray(6))
    else if (startsWith(body, XMP)) readXmp(utf8OrLatin1(body.subarray(XMP.length)), fields)
    else if (startsWith(body, MORE_XMP) && body.length >= MORE_XMP_HEAD) {
      const at = new DataView(body.buffer, body.byteOffset).getUint32(MORE_XMP_HEAD - 4)
      more.push({ at, part: body.subarray(MORE_XMP_HEAD) })
    }
  }
  if (exif.length > 0) readExif(concatBytes(exif), fields)
  // They may come in any order.
  const parts = more.sort((a, b) => a.at - b.at).map(({ part }) => part)
  if (parts.length > 0) readXmp(utf8OrLatin1(concatBytes(parts)), fields)
}

/** The bodies of segments, to where the pixels begin or the file breaks off. */
function* bodies(
  bytes: Uint8Array,
  fields: TextFields,
): Generator<{ readonly marker: number; readonly body: Uint8Array }> {
  const reader = new ByteReader(bytes, () => new CutShort())
  try {
    for (const { marker, at } of jpegSegments(reader)) {
      if (hasBody(marker)) yield { marker, body: reader.slice(at + 2, reader.u16(at, false) - 2) }
    }
  } catch (error) {
    if (!(error instanceof CutShort)) throw error
    fields.damaged = true
  }
}

class CutShort extends Error {}
