import { decodeBytes } from 'ftfy-js/bad-codecs'
import { BADNESS_RE } from 'ftfy-js/badness'
import {
  ALTERED_UTF8_RE,
  C1_CONTROL_RE,
  CHARMAP_ENCODINGS,
  LOSSY_UTF8_RE,
  UTF8_DETECTOR_RE,
} from 'ftfy-js/chardata'
import { PYTHON_WHITESPACE } from './python-whitespace.ts'

// ftfy's own expression, with what `\s` and `.` mean in Python, and without the flag that keeps a position.
const MOJIBAKE = new RegExp(
  BADNESS_RE.source.replaceAll('\\s', `[${PYTHON_WHITESPACE}]`).replace('.[A-Za-z ]', '[^\\n][A-Za-z ]'),
  'u',
)
const ALTERED_UTF8 = new RegExp(ALTERED_UTF8_RE.source)
// "Ã " is "à " except in these Portuguese words, where the space belongs to the letter.
const A_GRAVE_WORD = /\xc3 (?! |quele|quela|quilo|s )/g

/**
 * UTF-8, with CESU-8's pairs of three bytes and Java's C0 80 for NUL; last, any byte that fits nowhere. The Python codec
 * takes a final newline for the last byte of such a pair or NUL (its pattern says `$`) and so swallows it: kept, for the
 * same tokens.
 */
const UTF8_SEQUENCE = new RegExp(
  [
    '\\xc0(?:\\x80|\\n$)',
    '\\xed[\\xa0-\\xaf][\\x80-\\xbf]\\xed[\\xb0-\\xbf](?:[\\x80-\\xbf]|\\n$)',
    '[\\xc2-\\xdf][\\x80-\\xbf]',
    '(?:\\xe0[\\xa0-\\xbf]|[\\xe1-\\xec\\xee\\xef][\\x80-\\xbf]|\\xed[\\x80-\\x9f])[\\x80-\\xbf]',
    '(?:\\xf0[\\x90-\\xbf]|[\\xf1-\\xf3][\\x80-\\xbf]|\\xf4[\\x80-\\x8f])[\\x80-\\xbf]{2}',
    '[\\x80-\\xff]',
  ].join('|'),
  'g',
)

/**
 * Text with mojibake undone, as `ftfy.fix_encoding` (python-ftfy 6.3.1, Apache-2.0) does it with its default options.
 *
 * The steps are written out here, on the tables of ftfy-js: that package's own differ from Python's in corner cases, and
 * take quadratic time on a long text with many broken places. Bytes are strings of characters up to U+00FF.
 */
export function fixEncoding(text: string): string {
  for (;;) {
    const fixed = fixOnce(text)
    if (fixed === text) return text
    text = fixed
  }
}

/** C1 control characters read as Windows-1252, as browsers do. */
export function fixC1Controls(text: string): string {
  return text.replace(C1_CONTROL_RE, (char) => decoded('sloppy-windows-1252', char.charCodeAt(0)))
}

function fixOnce(text: string): string {
  if (!/[^\x00-\x7f]/.test(text) || !MOJIBAKE.test(text)) return text
  for (const encoding of CHARMAP_ENCODINGS) {
    const bytes = encode(text, encoding)
    const fixed = bytes === undefined ? undefined : decodeUtf8(restoreLostBytes(bytes, encoding))
    if (fixed !== undefined) return fixed
  }
  const fixed = fixEmbedded(text)
  if (fixed !== text) return fixed
  // Latin-1 becomes Windows-1252 where that has all of it; what is not, has at least its C1 controls replaced.
  return fixC1Controls(text)
}

/** Mojibake inside text that is otherwise right. */
function fixEmbedded(text: string): string {
  return text.replace(UTF8_DETECTOR_RE, (part) =>
    part.length < text.length && MOJIBAKE.test(part) ? fixEncoding(part) : part,
  )
}

/** Bytes of UTF-8 that something turned into spaces or could not decode, put back or marked as U+FFFD. */
function restoreLostBytes(bytes: string, encoding: string): string {
  // In Mac Roman, a dash and a space would look like a lost 0xA0.
  if (encoding !== 'macroman' && ALTERED_UTF8.test(bytes)) {
    bytes = bytes
      .replace(A_GRAVE_WORD, '\xc3\xa0 ')
      .replace(ALTERED_UTF8_RE, (found) => found.replaceAll(' ', '\xa0'))
  }
  return encoding.startsWith('sloppy') ? bytes.replace(LOSSY_UTF8_RE, '\xef\xbf\xbd') : bytes
}

function decodeUtf8(bytes: string): string | undefined {
  let text = ''
  let end = 0
  for (const { 0: sequence, index } of bytes.matchAll(UTF8_SEQUENCE)) {
    if (sequence.length === 1) return undefined
    text += bytes.slice(end, index) + String.fromCodePoint(codePoint(sequence))
    end = index + sequence.length
  }
  return text + bytes.slice(end)
}

function codePoint(sequence: string): number {
  const bits = (i: number, mask: number) => sequence.charCodeAt(i) & mask
  if (sequence.length === 2) return (bits(0, 0x1f) << 6) | (sequence[1] === '\n' ? 0 : bits(1, 0x3f))
  if (sequence.length === 3) return (bits(0, 0x0f) << 12) | (bits(1, 0x3f) << 6) | bits(2, 0x3f)
  if (sequence.length === 4)
    return (bits(0, 0x07) << 18) | (bits(1, 0x3f) << 12) | (bits(2, 0x3f) << 6) | bits(3, 0x3f)
  return 0x10000 + ((bits(1, 0x0f) << 16) | (bits(2, 0x3f) << 10) | (bits(4, 0x0f) << 6) | bits(5, 0x3f))
}

/** The bytes of text in a one-byte encoding, or undefined if it lacks a character. */
function encode(text: string, encoding: string): string | undefined {
  const table = tableOf(encoding)
  let bytes = ''
  for (const char of text) {
    const byte = table.get(char)
    if (byte === undefined) return undefined
    bytes += byte
  }
  return bytes
}

const tables = new Map<string, ReadonlyMap<string, string>>()

function tableOf(encoding: string): ReadonlyMap<string, string> {
  let table = tables.get(encoding)
  if (table === undefined) {
    table = new Map(
      Array.from({ length: 256 }, (_, byte) => [decoded(encoding, byte), String.fromCharCode(byte)]),
    )
    tables.set(encoding, table)
  }
  return table
}

function decoded(encoding: string, byte: number): string {
  return decodeBytes(Uint8Array.of(byte), encoding)
}
