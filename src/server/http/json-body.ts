import { decodeBase64InParts } from '../../base/bytes/decode-base64.ts'
import { BACKSLASH, COLON, endOfText, pastWhite, QUOTE } from '../../base/bytes/json-bytes.ts'
import { RequestError } from '../../base/errors.ts'
import { HEAD, type SentTexts } from './sent-texts.ts'

/** Texts of more bytes stay bytes until they are asked for: pictures are, most prompts are not. */
const LONG = 256
/** All of a body but its long texts. A thousand prompts with their metadata take one. */
const MAX_REST = 8 << 20
/** Base64 that is decoded before others have their turn: some milliseconds. */
const AT_A_TIME = 2 << 20

/** What a long text is replaced by, followed by its number. */
const MARK = '\0'
/** How a text begins in JSON that would be taken for a mark: it is replaced by one, however short it is. */
const LIKE_A_MARK = new TextEncoder().encode('\\u0000')

/**
 * A JSON body whose pictures are never strings. `JSON.parse` of sixteen pictures of 1.5 MB holds the event loop for
 * 100 ms and more; so long texts are cut out of the bytes first, which takes a quarter of that, and decoded one by one as
 * they are asked for.
 */
export class JsonBody implements SentTexts {
  /** What was sent, but that long texts are marks: ask {@link text} and {@link base64} for what they say. */
  readonly value: unknown
  readonly #long: readonly Uint8Array[]
  #sinceTurn = 0

  /** Throws `RequestError`: `request_invalid`, `request_too_large`. */
  constructor(bytes: Uint8Array) {
    const { rest, long } = withoutLongTexts(bytes)
    this.#long = long
    this.value = parse(rest, 'The body is not JSON')
  }

  text(value: unknown): string | undefined {
    if (typeof value !== 'string') return undefined
    const long = this.#find(value)
    return long ? unescaped(long) : value
  }

  head(value: string): string {
    const plain = this.#plain(value)
    return plain ? new TextDecoder().decode(plain.subarray(0, HEAD)) : this.text(value)!.slice(0, HEAD)
  }

  async base64(value: unknown, from = 0): Promise<Uint8Array | undefined> {
    if (typeof value !== 'string') return undefined
    const chars =
      this.#plain(value)?.subarray(from) ?? new TextEncoder().encode(this.text(value)!.slice(from))
    return decodeBase64InParts(chars, (size) => this.#turn(size))
  }

  /** A long text's bytes where they are its characters, at its head at least: base64 has no others behind it. */
  #plain(value: string): Uint8Array | undefined {
    const long = this.#find(value)
    const isPlain = long?.subarray(0, HEAD).every((byte) => byte < 0x80) && !long.includes(BACKSLASH)
    return isPlain ? long : undefined
  }

  /** Lets others have their turn, once in so many bytes. */
  #turn(size: number): Promise<void> | undefined {
    const due = this.#sinceTurn + size > AT_A_TIME
    this.#sinceTurn = due ? size : this.#sinceTurn + size
    return due ? new Promise((resolve) => setTimeout(resolve)) : undefined
  }

  #find(value: string): Uint8Array | undefined {
    return value.startsWith(MARK) ? this.#long[Number(value.slice(1))] : undefined
  }
}

function withoutLongTexts(bytes: Uint8Array): { rest: Uint8Array[]; long: Uint8Array[] } {
  const rest: Uint8Array[] = []
  const long: Uint8Array[] = []
  let from = 0
  let cut = 0
  for (let at = bytes.indexOf(QUOTE); at >= 0;) {
    const end = endOfText(bytes, at + 1)
    if (end < 0) break
    if ((end - at > LONG || startsLikeAMark(bytes, at + 1)) && !isKey(bytes, end)) {
      rest.push(bytes.subarray(from, at), new TextEncoder().encode(`"\\u0000${long.length}"`))
      long.push(bytes.subarray(at + 1, end))
      cut += end - at
      from = end + 1
    }
    if (end - cut > MAX_REST) throw tooLarge()
    at = bytes.indexOf(QUOTE, end + 1)
  }
  if (bytes.length - cut > MAX_REST) throw tooLarge()
  rest.push(bytes.subarray(from))
  return { rest, long }
}

const startsLikeAMark = (bytes: Uint8Array, start: number): boolean =>
  LIKE_A_MARK.every((byte, i) => bytes[start + i] === byte)

/** Names of fields stay what they are, so that errors name them. */
function isKey(bytes: Uint8Array, end: number): boolean {
  return bytes[pastWhite(bytes, end + 1)] === COLON
}

function tooLarge(): RequestError {
  return new RequestError(
    'request_too_large',
    `The body has more than ${MAX_REST >> 20} MiB besides its images. Send fewer images in a request, or less metadata.`,
    { limit: MAX_REST },
  )
}

function unescaped(long: Uint8Array): string {
  const quote = Uint8Array.of(QUOTE)
  return parse([quote, long, quote], 'A text of the body is not JSON') as string
}

function parse(parts: readonly Uint8Array[], what: string): unknown {
  try {
    const utf8 = new TextDecoder('utf-8', { fatal: true })
    const text = parts.map((part) => utf8.decode(part, { stream: true })).join('') + utf8.decode()
    return JSON.parse(text)
  } catch (cause) {
    throw new RequestError('request_invalid', `${what}: ${(cause as Error).message}.`, { cause })
  }
}
