import { brands } from './formats/avif/container/avif-brands.ts'

/** What a file is that is no image of ours: its name, and what to do. */
export type Stranger = readonly [name: string, remedy: string]

const convert = 'Convert it to PNG or JPEG first.'
const fetched = 'The address or path leads to something else than the image: open it and see.'
const frames = 'Give an image; frames of a video must be taken out first.'

/**
 * Names what people hand over by mistake, or what Pillow may read and icthp does not, by the first bytes as Latin-1.
 * Foreign bytes meet no regular expression here that could go back over them: every step goes forward.
 */
export function nameStranger(head: string): Stranger | undefined {
  const found = STARTS.find(([starts]) => starts.some((start) => head.startsWith(start)))
  if (found) return [found[1], found[2]]
  if (head.startsWith('ftyp', 4)) {
    const isHeic = brands(head).some((brand) => /^(hei[cxms]|hev[cx])$/.test(brand))
    return isHeic ? ['A HEIC image', convert] : ['An MP4 or QuickTime file', frames]
  }
  if (/^P[1-7]\s/.test(head)) return ['A PNM image', convert]
  if (isCursor(head)) return ['An icon or cursor', convert]
  if (isTarga(head)) return ['A TGA image', convert]
  return nameText(head)
}

const STARTS: readonly (readonly [starts: readonly string[], ...Stranger])[] = [
  [['version https://git-lfs'], 'A git-lfs pointer', 'The file itself was not fetched: run `git lfs pull`.'],
  [['%PDF'], 'A PDF document', 'Render the page to PNG first.'],
  [['\x1a\x45\xdf\xa3'], 'A WebM or Matroska video', frames],
  [['\xff\x0a', '\0\0\0\x0cJXL '], 'A JPEG XL image', convert],
  [['\0\0\0\x0cjP  ', '\xff\x4f\xff\x51'], 'A JPEG 2000 image', convert],
  [['8BPS'], 'A Photoshop document', convert],
  [['\x76\x2f\x31\x01'], 'An OpenEXR image', convert],
  [['qoif'], 'A QOI image', convert],
  [['#?RADIANCE'], 'A Radiance HDR image', convert],
  [['DDS '], 'A DDS texture', convert],
  [['PK\x03\x04'], 'A zip archive', 'Unpack it first.'],
  [['\x1f\x8b'], 'A gzip file', 'Unpack it first.'],
  [['data:image/'], 'A data URL as bytes', 'Decode its base64 part first.'],
]

/** An icon's or a cursor's directory has at least one entry; an uncompressed TGA of the same start has zeros there. */
function isCursor(head: string): boolean {
  return /^\0\0[\x01\x02]\0/.test(head) && head.slice(4, 6) !== '\0\0'
}

/**
 * TGA has no magic number: a header of 18 bytes whose fields fit together is one (Truevision TGA 2.0: colour map type,
 * image type, map, size, depth, descriptor).
 */
function isTarga(head: string): boolean {
  if (head.length < 18) return false
  const byte = (at: number): number => head.charCodeAt(at)
  const u16 = (at: number): number => byte(at) + 256 * byte(at + 1)
  const [mapType, type, depth] = [byte(1), byte(2), byte(16)]
  const mapped = type === 1 || type === 9
  const map =
    mapType === 1 ? [15, 16, 24, 32].includes(byte(7)) && u16(5) > 0 : /^\0{5}$/.test(head.slice(3, 8))
  return (
    mapType <= 1 &&
    [1, 2, 3, 9, 10, 11].includes(type) &&
    (!mapped || mapType === 1) &&
    map &&
    u16(12) > 0 &&
    u16(14) > 0 &&
    (mapped || type === 3 || type === 11 ? [1, 8, 16] : [15, 16, 24, 32]).includes(depth) &&
    byte(17) < 64
  )
}

function nameText(head: string): Stranger | undefined {
  const start = skipBlank(head, head.startsWith('\xef\xbb\xbf') ? 3 : 0)
  const first = head.charAt(start)
  if (first === '{' || first === '[') {
    const next = head.charAt(skipBlank(head, start + 1))
    return next !== '' && '"{[]}'.includes(next) ? ['A JSON document', fetched] : undefined
  }
  if (first !== '<') return undefined
  const { at, isXml } = skipProlog(head, start)
  const tag = head.slice(at + 1, at + 20).toLowerCase()
  if (head.charAt(at) === '<' && tag.startsWith('svg')) return ['An SVG drawing', 'Render it to PNG first.']
  if (head.charAt(at) === '<' && /^(!doctype html|html|head|body|meta|script)/.test(tag))
    return ['An HTML page', fetched]
  return isXml || /^<[a-z]\w*>/i.test(head.slice(start, start + 100))
    ? ['An XML document', fetched]
    : undefined
}

/** Past the XML declaration, comments and an SVG's document type, whose ends are each looked for once. */
function skipProlog(head: string, from: number): { at: number; isXml: boolean } {
  let at = from
  let isXml = false
  for (;;) {
    const end = PROLOG.find(([open]) => head.slice(at, at + open.length).toLowerCase() === open)?.[1]
    const close = end === undefined ? -1 : head.indexOf(end, at)
    if (end?.startsWith('?')) isXml = true
    if (close < 0) return { at, isXml }
    at = skipBlank(head, close + end!.length)
  }
}

const PROLOG = [
  ['<?xml', '?>'],
  ['<!--', '-->'],
  ['<!doctype svg', '>'],
] as const

function skipBlank(text: string, from: number): number {
  let at = from
  while (at < text.length && ' \t\r\n\f\v'.includes(text.charAt(at))) at++
  return at
}
