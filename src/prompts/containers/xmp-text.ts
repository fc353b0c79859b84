import type { TextFields } from '../text-fields.ts'

const RDF = 'http://www.w3.org/1999/02/22-rdf-syntax-ns#'
/** Namespaces whose properties may hold a prompt or name who wrote it. A prefix is any writer's choice. */
const NAMESPACES: Readonly<Record<string, string>> = {
  'http://ns.adobe.com/exif/1.0/': 'exif',
  'http://ns.adobe.com/xap/1.0/': 'xmp',
  'http://purl.org/dc/elements/1.1/': 'dc',
  'http://iptc.org/std/Iptc4xmpExt/2008-02-29/': 'Iptc4xmpExt',
  'http://ns.adobe.com/tiff/1.0/': 'tiff',
}
/** Nobody nests deeper. */
const MAX_DEPTH = 64
const MAX_XMP = 2 ** 22

/** Prefixes that are declared in an element, and those of the one around it. */
interface Scope {
  readonly own: ReadonlyMap<string, string>
  readonly outer?: Scope | undefined
}

interface Element {
  readonly name: string
  readonly prefixes: Scope
  text: string
}

const NO_PREFIXES: Scope = { own: new Map() }

/** What a prefix stands for. */
function spaceOf(prefix: string, scope: Scope): string | undefined {
  for (let at: Scope | undefined = scope; at; at = at.outer) {
    const found = at.own.get(prefix)
    if (found !== undefined) return found
  }
  return undefined
}

/** Reads the properties of an XMP packet, attributes and elements alike; of alternatives the first. */
export function readXmp(packet: string, fields: TextFields): void {
  if (packet.length > MAX_XMP) {
    fields.tooLarge = true
    return
  }
  const stack: Element[] = []
  const add: Add = (name, prefixes, text) => {
    const [prefix, local] = splitName(name)
    const space = NAMESPACES[spaceOf(prefix, prefixes) ?? '']
    if (space === undefined || text.trim() === '') return
    fields.add(`xmp:${local}`, text, `XMP ${space}:${local}`)
  }
  for (let at = packet.indexOf('<'); at >= 0; at = packet.indexOf('<', at)) {
    const end = endOfTag(packet, at)
    if (end < 0) {
      fields.damaged = true
      return
    }
    const tag = packet.slice(at + 1, end - 1)
    const after = packet.indexOf('<', end)
    const top = stack.at(-1)
    if (tag.startsWith('![CDATA[')) {
      if (top) top.text += tag.slice(8, -2)
    } else if (tag.startsWith('/')) {
      close(stack, add)
    } else if (!tag.startsWith('?') && !tag.startsWith('!')) {
      const prefixes = open(tag, top?.prefixes ?? NO_PREFIXES, add)
      const name = tag.slice(0, endOfName(tag, 0))
      if (!tag.endsWith('/')) stack.push({ name, prefixes, text: '' })
      if (stack.length > MAX_DEPTH) {
        fields.damaged = true
        return
      }
    }
    const text = packet.slice(end, after < 0 ? packet.length : after)
    const holder = stack.at(-1)
    if (holder && text !== '') holder.text += unescape(text)
    if (after < 0) return
    at = after
  }
}

type Add = (name: string, prefixes: Scope, text: string) => void

/** An `rdf:li` hands its text up to the property that it stands in, where that has none yet. */
function close(stack: Element[], add: Add): void {
  const element = stack.pop()
  if (!element) return
  const [prefix, local] = splitName(element.name)
  const parent = stack.at(-1)
  if (spaceOf(prefix, element.prefixes) === RDF) {
    if (local !== 'Description' && local !== 'RDF' && parent?.text.trim() === '') parent.text = element.text
  } else add(element.name, element.prefixes, element.text)
}

/** Hands on the attributes of a tag, and gives the prefixes that hold in it. */
function open(tag: string, outer: Scope, add: Add): Scope {
  const attributes = attributesOf(tag)
  const declared = attributes.filter(([name]) => name.startsWith('xmlns:'))
  const own = new Map(declared.map(([name, value]) => [name.slice(6), value] as const))
  const prefixes = own.size === 0 ? outer : { own, outer }
  for (const [name, value] of attributes) if (!name.startsWith('xmlns')) add(name, prefixes, value)
  return prefixes
}

function attributesOf(tag: string): (readonly [name: string, value: string])[] {
  const found: (readonly [string, string])[] = []
  for (let at = endOfName(tag, 0); at < tag.length;) {
    const equals = tag.indexOf('=', at)
    if (equals < 0) break
    const name = tag.slice(at, equals).trim()
    let open = equals + 1
    while (isSpace(tag.charCodeAt(open))) open++
    const quote = tag.charAt(open)
    const close = quote === '"' || quote === "'" ? tag.indexOf(quote, open + 1) : -1
    if (close < 0) break
    found.push([name, unescape(tag.slice(open + 1, close))])
    at = close + 1
  }
  return found
}

/** The place after a tag; `>` may stand in attribute values, comments and CDATA. */
function endOfTag(text: string, at: number): number {
  const past = (mark: string, from: number): number => {
    const found = text.indexOf(mark, from)
    return found < 0 ? -1 : found + mark.length
  }
  if (text.startsWith('<!--', at)) return past('-->', at + 4)
  if (text.startsWith('<![CDATA[', at)) return past(']]>', at + 9)
  if (text.startsWith('<?', at)) return past('?>', at + 2)
  let quote = ''
  for (let i = at + 1; i < text.length; i++) {
    const char = text.charAt(i)
    if (quote !== '') quote = char === quote ? '' : quote
    else if (char === '"' || char === "'") quote = char
    else if (char === '>') return i + 1
  }
  return -1
}

const isSpace = (code: number): boolean => code === 32 || (code >= 9 && code <= 13)

function endOfName(tag: string, from: number): number {
  let at = from
  while (at < tag.length && !isSpace(tag.charCodeAt(at)) && tag.charAt(at) !== '/') at++
  return at
}

function splitName(name: string): [prefix: string, local: string] {
  const colon = name.indexOf(':')
  return colon < 0 ? ['', name] : [name.slice(0, colon), name.slice(colon + 1)]
}

const ENTITIES: Readonly<Record<string, string>> = { lt: '<', gt: '>', quot: '"', apos: "'", amp: '&' }

/** In one pass, so that `&amp;lt;` is `&lt;`. */
function unescape(text: string): string {
  return text.replace(/&(#x?[\da-f]{1,8}|[a-z]{2,4});/gi, (whole, name: string) => {
    if (!name.startsWith('#')) return ENTITIES[name] ?? whole
    const code = /^#x/i.test(name) ? parseInt(name.slice(2), 16) : parseInt(name.slice(1), 10)
    return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : whole
  })
}
