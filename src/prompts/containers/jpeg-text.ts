import { concatBytes } from '../../base/concat-bytes.ts'
import type { TextFields } from '../text-fields.ts'
import { startsWith, utf8OrLatin1, withoutEnd } from './decode-text.ts'
import { readExif } from './exif-text.ts'
import { readXmp } from './xmp-text.ts'

const XMP = 'http://ns.adobe.com/xap/1.0/\0'
const MORE_XMP = 'http://ns.adobe.com/xmp/extension/\0'
/** GUID, whole length, offset. */
const MORE_XMP_HEAD = MORE_XMP.length + 40

/** Reads Exif and XMP of APP1 and the comments, up to the pixels. */
export function readJpeg(bytes: Uint8Array, fields: TextFields): void {
  const exif: Uint8Array[] = []
  const more: Uint8Array[] = []
  for (const { marker, body } of segments(bytes, fields)) {
    if (marker === 0xfe) fields.add('Comment', utf8OrLatin1(withoutEnd(body)), 'COM')
    else if (marker === 0xeb && startsWith(body, 'JP')) fields.c2pa = true
    else if (marker !== 0xe1) continue
    // An Exif block of more than 64 kB goes on in further segments.
    else if (startsWith(body, 'Exif\0\0')) exif.push(body.subarray(6))
    else if (startsWith(body, XMP)) readXmp(utf8OrLatin1(body.subarray(XMP.length)), fields)
    else if (startsWith(body, MORE_XMP)) more.push(body.subarray(MORE_XMP_HEAD))
  }
  if (exif.length > 0) readExif(concatBytes(exif), fields)
  if (more.length > 0) readXmp(utf8OrLatin1(concatBytes(more)), fields)
}

function* segments(
  bytes: Uint8Array,
  fields: TextFields,
): Generator<{ readonly marker: number; readonly body: Uint8Array }> {
  for (let at = 2; at + 4 <= bytes.length;) {
    if (bytes[at] !== 0xff) return
    const marker = bytes[at + 1]!
    // Fill bytes, and markers without a body.
    if (marker === 0xff) at++
    else if (marker === 1 || (marker >= 0xd0 && marker <= 0xd8)) at += 2
    else if (marker === 0xda || marker === 0xd9) return
    else {
      const length = bytes[at + 2]! * 256 + bytes[at + 3]!
      if (length < 2 || at + 2 + length > bytes.length) {
        fields.damaged = true
        return
      }
      yield { marker, body: bytes.subarray(at + 4, at + 2 + length) }
      at += 2 + length
    }
  }
}
