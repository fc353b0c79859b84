import { InputError } from '../base/errors.ts'

interface Encoding {
  readonly name: 'utf-8' | 'utf-16le' | 'utf-16be'
  /** The byte order mark that announces it. */
  readonly mark: readonly number[]
  /** U+FFFD, which stands for what cannot be decoded and may also be meant. */
  readonly replacement: readonly number[]
}

const UTF8: Encoding = { name: 'utf-8', mark: [0xef, 0xbb, 0xbf], replacement: [0xef, 0xbf, 0xbd] }
const MARKED: readonly Encoding[] = [
  UTF8,
  { name: 'utf-16le', mark: [0xff, 0xfe], replacement: [0xfd, 0xff] },
  { name: 'utf-16be', mark: [0xfe, 0xff], replacement: [0xff, 0xfd] },
]
const UTF32 = [
  [0xff, 0xfe, 0, 0],
  [0, 0, 0xfe, 0xff],
]

/**
 * The text of a file: UTF-8, or what a byte order mark announces. Anything else is refused with its place, since a text in
 * another encoding would be scored as nonsense. `where` names the file. Throws `InputError` `input_not_text`.
 */
export function decodeText(bytes: Uint8Array, where: string): string {
  if (UTF32.some((mark) => startsWith(bytes, mark))) throw notText(where, 'it is UTF-32', 1, 0)
  const marked = markedAs(bytes)
  return decodeAs(marked ?? UTF8, bytes, where, { line: 1, byte: 0, skip: marked?.mark.length ?? 0 })
}

/**
 * The lines of a text as they come, without their ends, each refused as {@link decodeText} refuses a file. Of UTF-16, which ends its
 * lines otherwise, all is read first.
 */
export async function* decodeLines(pieces: AsyncIterable<Uint8Array>, where: string): AsyncGenerator<string> {
  let kept = new Uint8Array()
  let place: Place | undefined
  for await (const piece of pieces) {
    kept = joined(kept, piece)
    if (!place && kept.length < LONGEST_MARK && MARKS_BEGIN.includes(kept[0]!)) continue
    place ??= startOf(kept, where)
    if (place.isWhole) continue
    let from = 0
    for (let end = kept.indexOf(NEWLINE); end >= 0; end = kept.indexOf(NEWLINE, from)) {
      yield lineIn(kept.subarray(from, end), where, place)
      from = end + 1
    }
    kept = kept.slice(from)
    if (kept.length > MAX_LINE)
      throw notText(where, `a line has more than ${MAX_LINE} bytes`, place.line, place.byte)
  }
  place ??= startOf(kept, where)
  if (place.isWhole) yield* decodeText(kept, where).split(/\r?\n/)
  else yield lineIn(kept, where, place)
}

const LONGEST_MARK = 4
const MARKS_BEGIN = [0xef, 0xff, 0xfe, 0]
const NEWLINE = 10
const MAX_LINE = 1 << 20

/** Where the next line begins, and how much of it is no text. */
interface Place {
  line: number
  byte: number
  skip: number
  /** Not to be cut by bytes. */
  readonly isWhole?: boolean
}

function startOf(bytes: Uint8Array, where: string): Place {
  if (UTF32.some((mark) => startsWith(bytes, mark))) throw notText(where, 'it is UTF-32', 1, 0)
  const marked = markedAs(bytes)
  return {
    line: 1,
    byte: 0,
    skip: marked?.mark.length ?? 0,
    isWhole: marked !== undefined && marked !== UTF8,
  }
}

function lineIn(bytes: Uint8Array, where: string, place: Place): string {
  const text = decodeAs(UTF8, bytes, where, place)
  place.line++
  place.byte += bytes.length + 1
  place.skip = 0
  return text.endsWith('\r') ? text.slice(0, -1) : text
}

const joined = (before: Uint8Array, piece: Uint8Array): Uint8Array<ArrayBuffer> => {
  const both = new Uint8Array(before.length + piece.length)
  both.set(before)
  both.set(piece, before.length)
  return both
}

const markedAs = (bytes: Uint8Array): Encoding | undefined =>
  MARKED.find(({ mark }) => startsWith(bytes, mark))

function decodeAs({ name, replacement }: Encoding, bytes: Uint8Array, where: string, at: Place): string {
  const escape = name === 'utf-8' ? shiftOf(bytes) : -1
  if (escape >= 0)
    throw notText(where, 'it is ISO-2022', at.line - 1 + lineOf(bytes, escape), at.byte + escape)
  const text = new TextDecoder(name, { ignoreBOM: true }).decode(bytes.subarray(at.skip))
  // What most texts hold none of need not be looked for line by line.
  if (!/[\0\ufffd]/.test(text)) return text
  let { line } = at
  let byte = at.skip
  let from = 0
  for (const { 0: char, index } of text.matchAll(/[\0\n\ufffd]/g)) {
    byte += name === 'utf-8' ? new TextEncoder().encode(text.slice(from, index)).length : 2 * (index - from)
    from = index
    if (char === '\n') line++
    // What no text holds; UTF-16 without a mark is full of it.
    else if (char === '\0') throw notText(where, 'it holds NUL characters', line, at.byte + byte)
    else if (!startsWith(bytes.subarray(byte), replacement))
      throw notText(where, `it is not ${name.toUpperCase()}`, line, at.byte + byte)
  }
  return text
}

/** Where ISO-2022 changes to a set of many letters, as mail in Japanese, Korean and Chinese does: ASCII to look at. */
function shiftOf(bytes: Uint8Array): number {
  let at = bytes.indexOf(0x1b)
  while (at >= 0 && bytes[at + 1] !== 0x24) at = bytes.indexOf(0x1b, at + 1)
  return at
}

const lineOf = (bytes: Uint8Array, end: number): number =>
  bytes.subarray(0, end).reduce((line, byte) => line + (byte === 10 ? 1 : 0), 1)

const startsWith = (bytes: Uint8Array, start: readonly number[]): boolean =>
  start.every((byte, i) => bytes[i] === byte)

function notText(where: string, why: string, line: number, byte: number): InputError {
  return new InputError(
    'input_not_text',
    `${where} cannot be read as text: ${why} (line ${line}, byte ${byte}). Save it as UTF-8.`,
    { where, line, byte },
  )
}
