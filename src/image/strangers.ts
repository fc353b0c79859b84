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
  return nameText(head)
}

/** The brands of a file of boxes (ISO/IEC 14496-12, `ftyp`): the major one and those it is compatible with. */
export function brands(head: string): string[] {
  if (!head.startsWith('ftyp', 4)) return []
  const size = [0, 1, 2, 3].reduce((sum, i) => sum * 256 + head.charCodeAt(i), 0)
  const end = Math.min(size === 0 ? head.length : size, head.length)
  const found = [head.slice(8, 12)]
  for (let at = 16; at + 4 <= end; at += 4) found.push(head.slice(at, at + 4))
  return found
}

const STARTS: readonly (readonly [starts: readonly string[], ...Stranger])[] = [
  [['version https://git-lfs'], 'A git-lfs pointer', 'The file itself was not fetched: run `git lfs pull`.'],
  [['%PDF'], 'A PDF document', 'Render the page to PNG first.'],
  [['\x1a\x45\xdf\xa3'], 'A WebM or Matroska video', frames],
  [['\xff\x0a', '\0\0\0\x0cJXL '], 'A JPEG XL image', convert],
  [['\0\0\0\x0cjP  ', '\xff\x4f\xff\x51'], 'A JPEG 2000 image', convert],
  [['8BPS'], 'A Photoshop document', convert],
  [['\0\0\x01\0', '\0\0\x02\0'], 'An icon or cursor', convert],
  [['\x76\x2f\x31\x01'], 'An OpenEXR image', convert],
  [['qoif'], 'A QOI image', convert],
  [['#?RADIANCE'], 'A Radiance HDR image', convert],
  [['DDS '], 'A DDS texture', convert],
  [['PK\x03\x04'], 'A zip archive', 'Unpack it first.'],
  [['\x1f\x8b'], 'A gzip file', 'Unpack it first.'],
  [['data:image/'], 'A data URL as bytes', 'Decode its base64 part first.'],
]

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
