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
  const marked = MARKED.find(({ mark }) => startsWith(bytes, mark))
  const { name, replacement } = marked ?? UTF8
  let byte = marked?.mark.length ?? 0
  const escape = name === 'utf-8' ? shiftOf(bytes) : -1
  if (escape >= 0) throw notText(where, 'it is ISO-2022', lineOf(bytes, escape), escape)
  const text = new TextDecoder(name, { ignoreBOM: true }).decode(bytes.subarray(byte))
  let line = 1
  let from = 0
  for (const { 0: char, index } of text.matchAll(/[\0\n\ufffd]/g)) {
    byte += name === 'utf-8' ? new TextEncoder().encode(text.slice(from, index)).length : 2 * (index - from)
    from = index
    if (char === '\n') line++
    // What no text holds; UTF-16 without a mark is full of it.
    else if (char === '\0') throw notText(where, 'it holds NUL characters', line, byte)
    else if (!startsWith(bytes.subarray(byte), replacement))
      throw notText(where, `it is not ${name.toUpperCase()}`, line, byte)
  }
  return text
}

/** Where ISO-2022 changes to a set of many letters, as mail in Japanese, Korean and Chinese does: ASCII to look at. */
const shiftOf = (bytes: Uint8Array): number =>
  bytes.findIndex((byte, at) => byte === 0x1b && bytes[at + 1] === 0x24)

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
