import { decodeHTML } from 'entities/decode'

/** What `html.unescape` puts in place of code points that HTML reads as Windows-1252, and of NUL. */
const REPLACED: Readonly<Record<number, string>> = Object.fromEntries([
  [0, '\ufffd'],
  [13, '\r'],
  ...Array.from(
    '\u20ac\x81\u201a\u0192\u201e\u2026\u2020\u2021\u02c6\u2030\u0160\u2039\u0152\x8d\u017d\x8f' +
      '\x90\u2018\u2019\u201c\u201d\u2022\u2013\u2014\u02dc\u2122\u0161\u203a\u0153\x9d\u017e\u0178',
    (char, i) => [0x80 + i, char] as const,
  ),
])

const REFERENCE = /&(?:#(?:[xX]([0-9a-fA-F]+)|([0-9]+));?|[^\t\n\f <&#;]{1,32};?)/gu

/**
 * Character references resolved as Python's `html.unescape` does (Lib/html/__init__.py), once.
 *
 * Names follow HTML5, with and without the semicolon. Numbers have Python's rules: 0x80–0x9F mean Windows-1252,
 * surrogates and numbers past U+10FFFF become U+FFFD, other invalid code points vanish. Where Python refuses a number
 * of more than 4,300 digits with an error, this goes on.
 */
export function htmlUnescape(text: string): string {
  if (!text.includes('&')) return text
  return text.replace(REFERENCE, (reference: string, hex?: string, decimal?: string) => {
    if (hex === undefined && decimal === undefined) return decodeHTML(reference)
    return characterOf(hex === undefined ? Number.parseInt(decimal!, 10) : Number.parseInt(hex, 16))
  })
}

function characterOf(code: number): string {
  const replaced = REPLACED[code]
  if (replaced !== undefined) return replaced
  if (code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) return '\ufffd'
  return isInvalid(code) ? '' : String.fromCodePoint(code)
}

function isInvalid(code: number): boolean {
  return (
    (code >= 0x1 && code <= 0x8) ||
    code === 0xb ||
    (code >= 0xe && code <= 0x1f) ||
    code === 0x7f ||
    (code >= 0xfdd0 && code <= 0xfdef) ||
    (code & 0xfffe) === 0xfffe
  )
}
