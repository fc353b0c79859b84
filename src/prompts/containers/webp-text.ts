import type { TextFields } from '../text-fields.ts'
import { readExif } from './exif-text.ts'
import { latin1, utf8OrLatin1, withoutEnd } from './text-bytes.ts'
import { readXmp } from './xmp-text.ts'

/** Reads the EXIF and XMP chunks of a WebP. */
export function readWebp(bytes: Uint8Array, fields: TextFields): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  for (let at = 12; at + 8 <= bytes.length;) {
    const type = latin1(bytes.subarray(at, at + 4))
    const size = view.getUint32(at + 4, true)
    if (at + 8 + size > bytes.length) {
      fields.damaged = true
      return
    }
    const body = bytes.subarray(at + 8, at + 8 + size)
    if (type === 'EXIF') readExif(body, fields)
    else if (type === 'XMP ') readXmp(utf8OrLatin1(withoutEnd(body)), fields)
    else if (type === 'C2PA') fields.c2pa = true
    at += 8 + size + (size & 1)
  }
}
