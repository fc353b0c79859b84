import { show } from '../../base/errors.ts'
import { textOrBytes } from '../../text/text-or-bytes.ts'
import { invalid } from './fields.ts'

/** A file of a form. Its bytes are a view of the body. */
export class FormFile {
  constructor(
    readonly bytes: Uint8Array,
    readonly name: string,
  ) {}
}

export interface FormPart {
  readonly name: string
  readonly value: string | FormFile
}

/** More parts than any form of images and prompts has. */
const MAX_PARTS = 20_000
/** Of one part. */
const MAX_HEAD_BYTES = 16 << 10

/**
 * The parts of a `multipart/form-data` body (RFC 7578), in their order. Our own, since the parser behind `formData()` looks at
 * every byte with a function call, and a form of many pictures would hold up all other requests. Throws `RequestError`
 * `request_invalid`.
 */
export function parseForm(body: Uint8Array, contentType: string): FormPart[] {
  const boundary = boundaryOf(contentType)
  const edge = latin1(`\r\n--${boundary}`)
  const skips = skipsOf(edge)
  const parts: FormPart[] = []
  // The first edge may stand at the very start, without the line's end before it.
  let at = startsWith(body, edge.subarray(2), 0) ? edge.length - 2 : afterEdge(body, edge, skips, 0)
  for (;;) {
    if (body[at] === DASH && body[at + 1] === DASH) return parts
    if (parts.length === MAX_PARTS) throw broken(`it has more than ${MAX_PARTS} parts`)
    at = lineEnd(body, at)
    const head = find(body.subarray(0, at + MAX_HEAD_BYTES), BLANK_LINE, BLANK_SKIPS, at - 2)
    if (head < 0) throw broken('a part has no end of its head')
    const start = head + BLANK_LINE.length
    const end = find(body, edge, skips, start - 2)
    if (end < 0) throw broken('a part has no end: the body is cut short, or its boundary is another')
    parts.push(partOf(utf8(body.subarray(at, head)), body.subarray(start, Math.max(start, end))))
    at = end + edge.length
  }
}

const DASH = 45
const latin1 = (text: string): Uint8Array => Uint8Array.from(text, (character) => character.charCodeAt(0))
const utf8 = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)
const broken = (why: string): Error => invalid(`The form cannot be read: ${why}. Send it as curl -F does.`)

function boundaryOf(contentType: string): string {
  const [, quoted, bare] = /;\s*boundary=(?:"([^"]{1,70})"|([^\s;"]{1,70}))/i.exec(contentType) ?? []
  const boundary = quoted ?? bare
  if (boundary !== undefined && /^[\x20-\x7e]+$/.test(boundary)) return boundary
  throw broken('its Content-Type names no boundary')
}

function afterEdge(body: Uint8Array, edge: Uint8Array, skips: Uint8Array, from: number): number {
  const at = find(body, edge, skips, from)
  if (at < 0) throw broken('its boundary is nowhere in it')
  return at + edge.length
}

/** Past the end of the edge's line, before which blanks may stand. */
function lineEnd(body: Uint8Array, from: number): number {
  let at = from
  while (body[at] === 32 || body[at] === 9) at++
  if (body[at] === 13 && body[at + 1] === 10) return at + 2
  throw broken('something stands behind a boundary')
}

function partOf(head: string, bytes: Uint8Array): FormPart {
  const disposition = /^content-disposition:[ \t]*form-data[ \t]*(;[^\r\n]*)/im.exec(head)?.[1] ?? ''
  const name = parameter(disposition, 'name')
  if (name === undefined) throw broken('a part has no name')
  const filename = parameter(disposition, 'filename')
  return { name, value: filename === undefined ? textOf(name, bytes) : new FormFile(bytes, filename) }
}

/** A prompt in another encoding would be scored as nonsense. */
function textOf(name: string, bytes: Uint8Array): string {
  const text = textOrBytes(bytes)
  if (typeof text === 'string') return text
  throw invalid(`${show(name)} of the form is not UTF-8. Send texts in UTF-8, and pictures as files.`)
}

/** A quoted or bare value. Browsers write a quote as `%22`, curl as `\"`. */
function parameter(disposition: string, name: string): string | undefined {
  const found = new RegExp(`;[ \\t]*${name}=(?:"((?:[^"\\\\]|\\\\.)*)"|([^;\\s"]*))`, 'i').exec(disposition)
  if (!found) return undefined
  return (found[1]?.replace(/\\(["\\])/g, '$1') ?? found[2]!).replace(/%(22|0D|0A)/gi, (_, code: string) =>
    String.fromCharCode(Number.parseInt(code, 16)),
  )
}

function startsWith(body: Uint8Array, needle: Uint8Array, at: number): boolean {
  for (let i = 0; i < needle.length; i++) if (body[at + i] !== needle[i]) return false
  return true
}

/** How far a search may go on by the byte under the needle's end (Horspool 1980). */
function skipsOf(needle: Uint8Array): Uint8Array {
  const skips = new Uint8Array(256).fill(needle.length)
  for (let i = 0; i < needle.length - 1; i++) skips[needle[i]!] = needle.length - 1 - i
  return skips
}

const BLANK_LINE = latin1('\r\n\r\n')
const BLANK_SKIPS = skipsOf(BLANK_LINE)

/** Where a needle begins, from `from` on; -1 where it is not. */
function find(body: Uint8Array, needle: Uint8Array, skips: Uint8Array, from: number): number {
  const last = needle.length - 1
  for (let at = from; at + last < body.length; at += skips[body[at + last]!]!)
    if (body[at + last] === needle[last] && startsWith(body, needle, at)) return at
  return -1
}
