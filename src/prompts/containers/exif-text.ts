import type { TextFields } from '../text-fields.ts'
import { startsWith, utf8OrLatin1, withoutEnd } from './text-bytes.ts'
import { decodeUserComment } from './user-comment.ts'

/** Tags by the names that Exif has for them; others go by their number. */
const NAMES: Readonly<Record<number, string>> = {
  0x010d: 'DocumentName',
  0x010e: 'ImageDescription',
  0x010f: 'Make',
  0x0110: 'Model',
  0x0131: 'Software',
  0x013b: 'Artist',
  0x8298: 'Copyright',
  0x927c: 'MakerNote',
  0x9286: 'UserComment',
  0x9c9b: 'XPTitle',
  0x9c9c: 'XPComment',
  0x9c9e: 'XPKeywords',
  0x9c9f: 'XPSubject',
}
const EXIF_IFD = 0x8769
const BYTE = 1
const ASCII = 2
const UNDEFINED = 7
/** Of Exif 3. */
const UTF8 = 129

/** Reads the texts of a TIFF with Exif in it, its first directory and the Exif one; an `Exif\0\0` before it is skipped. */
export function readExif(given: Uint8Array, fields: TextFields): void {
  const bytes = startsWith(given, 'Exif\0\0') ? given.subarray(6) : given
  const little = startsWith(bytes, 'II')
  if (bytes.length < 8 || !(little || startsWith(bytes, 'MM'))) {
    fields.damaged = true
    return
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const directories = [view.getUint32(4, little)]
  for (let done = 0; done < directories.length && done < 2; done++) {
    readDirectory(view, directories[done]!, little, fields, directories)
  }
}

function readDirectory(
  view: DataView,
  start: number,
  little: boolean,
  fields: TextFields,
  directories: number[],
): void {
  const length = view.byteLength
  if (start + 2 > length) {
    fields.damaged = true
    return
  }
  const entries = view.getUint16(start, little)
  for (let at = start + 2; at < start + 2 + entries * 12; at += 12) {
    if (at + 12 > length) {
      fields.damaged = true
      return
    }
    const tag = view.getUint16(at, little)
    const type = view.getUint16(at + 2, little)
    const count = view.getUint32(at + 4, little)
    if (tag === EXIF_IFD) directories.push(view.getUint32(at + 8, little))
    if (![BYTE, ASCII, UNDEFINED, UTF8].includes(type) || count === 0) continue
    const from = count <= 4 ? at + 8 : view.getUint32(at + 8, little)
    if (from + count > length) {
      fields.damaged = true
      continue
    }
    if (!fields.take(count)) return
    addValue(tag, type, new Uint8Array(view.buffer, view.byteOffset + from, count), fields)
  }
}

function textOf(name: string, isText: boolean, value: Uint8Array): string {
  if (name.startsWith('XP')) return new TextDecoder('utf-16le').decode(value).split('\0', 1)[0]!
  return isText && name !== 'UserComment' ? utf8OrLatin1(withoutEnd(value)) : decodeUserComment(value)
}

function addValue(tag: number, type: number, value: Uint8Array, fields: TextFields): void {
  const name = NAMES[tag] ?? `0x${tag.toString(16).padStart(4, '0')}`
  const isText = type === ASCII || type === UTF8
  if (!isText && !(tag in NAMES)) return
  const text = textOf(name, isText, value)
  if (text === '') return
  // Savers put `prompt:{…}` and `workflow:{…}` into tags of any name.
  const [, label, rest] = /^([a-z][\w-]{0,40}):\s*([{[].*)$/is.exec(text) ?? []
  if (label !== undefined) fields.add(label.toLowerCase(), rest!, `Exif ${name}, labelled ${label}`)
  else fields.add(name, text, `Exif ${name}`)
}
