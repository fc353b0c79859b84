import { latin1, startsWith, strictUtf8, withoutEnd } from './text-bytes.ts'

/** What Exif puts before a UserComment to name its character set (Exif 2.3, table 9). */
const CHARSETS = ['UNICODE\0', 'ASCII\0\0\0', 'JIS\0\0\0\0\0', '\0\0\0\0\0\0\0\0']

/**
 * The text of an Exif UserComment. Its character set and the file's byte order are often wrong, so the bytes are believed: a
 * byte order mark decides, else they are UTF-8 where they are strictly that and hold no NUL, else UTF-16 in the order
 * in which the whole text reads better.
 */
export function decodeUserComment(value: Uint8Array): string {
  const bytes = CHARSETS.some((charset) => startsWith(value, charset)) ? value.subarray(8) : value
  if (startsWith(bytes, '\xef\xbb\xbf')) return new TextDecoder().decode(withoutEnd(bytes))
  if (startsWith(bytes, '\xff\xfe')) return utf16(bytes.subarray(2), 'utf-16le')
  if (startsWith(bytes, '\xfe\xff')) return utf16(bytes.subarray(2), 'utf-16be')
  const trimmed = withoutEnd(bytes)
  const japanese = startsWith(value, CHARSETS[2]!) ? decodeJis(trimmed) : undefined
  if (japanese !== undefined) return japanese
  if (!trimmed.includes(0)) {
    const text = strictUtf8(trimmed)
    if (text !== undefined) return text
    // Bytes of UTF-16 without any NUL are a text without any Latin letter, and of even length.
    if (trimmed.length % 2 !== 0 || startsWith(value, CHARSETS[1]!)) return latin1(trimmed)
  }
  const [little, big] = [utf16(bytes, 'utf-16le'), utf16(bytes, 'utf-16be')]
  return readability(little) > readability(big) ? little : big
}

/** What is said to be JIS, where its escapes show that it is, or no other decoding fits; undefined for all that is not. */
function decodeJis(bytes: Uint8Array): string | undefined {
  if (bytes.includes(0)) return undefined
  const hasEscapes = bytes.includes(ESCAPE)
  if (!hasEscapes && strictUtf8(bytes) !== undefined) return undefined
  try {
    return new TextDecoder(hasEscapes ? 'iso-2022-jp' : 'shift_jis', { fatal: true }).decode(bytes)
  } catch {
    return undefined
  }
}

const ESCAPE = 0x1b

function utf16(bytes: Uint8Array, order: 'utf-16le' | 'utf-16be'): string {
  const text = new TextDecoder(order, { ignoreBOM: true }).decode(bytes.subarray(0, bytes.length & ~1))
  let end = text.length
  while (end > 0 && text.charCodeAt(end - 1) === 0) end--
  return text.slice(0, end)
}

/** Characters that prompts are made of, less what swapped bytes turn them into. */
function readability(text: string): number {
  let sum = 0
  for (const char of text) {
    const code = char.codePointAt(0)!
    if ((code >= 0x20 && code < 0x7f) || code === 10 || code === 13) sum += 4
    // CJK punctuation and full-width forms.
    else if ((code >= 0x3000 && code < 0x3040) || (code >= 0xff00 && code < 0xff5f)) sum += 2
    else if (code < 0x20 || (code >= 0xd800 && code < 0xf900) || code === 0xfffd) sum -= 4
    // An ASCII character of the other order.
    else if (code % 256 === 0) sum -= 1
    else if (/\p{Cn}/u.test(char)) sum -= 4
  }
  return sum
}
