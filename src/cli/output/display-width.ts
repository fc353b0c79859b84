const ZERO = /^[\p{Mn}\p{Me}\p{Cf}]+$/u
// East Asian Wide and Fullwidth (UAX 11), near enough for file names.
const WIDE =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\u3000-\u303E\uFE30-\uFE6F\uFF01-\uFF60\uFFE0-\uFFE6]/u
const EMOJI = /\p{Emoji_Presentation}|\p{Extended_Pictographic}\uFE0F/u
const HALFWIDTH_KANA = /^[\uFF61-\uFFDC]/

const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' })

/** Cells that text takes on a terminal. */
export function displayWidth(text: string): number {
  if (/^[\x20-\x7e]*$/.test(text)) return text.length
  let width = 0
  for (const { segment } of graphemes.segment(text)) width += cells(segment)
  return width
}

/** Text in at most `width` cells; what does not fit is taken out of the middle, so that a file keeps its name's end. */
export function truncateMiddle(text: string, width: number): string {
  if (displayWidth(text) <= width) return text
  if (width < 1) return ''
  const parts = Array.from(graphemes.segment(text), ({ segment }) => segment)
  const tail = take(parts.toReversed(), Math.ceil((width - 1) / 2)).toReversed()
  const head = take(parts, width - 1 - displayWidth(tail.join('')))
  return `${head.join('')}…${tail.join('')}`
}

/** Control characters made visible: a file name must not steer the terminal. */
export function printable(text: string): string {
  return text.replace(
    /[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]/g,
    (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

/** A word of a message is for reading: of one that is longer than any name, its ends are shown. */
export const cutWords = (text: string): string =>
  text.replace(/\S{1000,}/g, (word) => `${word.slice(0, 100)}…${word.slice(-100)}`)

/** The same of a text of several lines, for where there is room for one. */
export const oneLine = (text: string): string =>
  printable(
    text
      .split(/[\r\n]/)
      .map((line) => line.trim())
      .filter(Boolean)
      .join(' '),
  )

/** The same of a message of several lines, which are kept; those behind the first are set in, so that none can pass for another message. */
export const printableLines = (text: string): string =>
  text
    .split('\n')
    .map((line, i) => (i === 0 || line.startsWith('  ') ? printable(line) : `  ${printable(line)}`))
    .join('\n')

function take(parts: readonly string[], width: number): string[] {
  let used = 0
  const end = parts.findIndex((part) => (used += cells(part)) > width)
  return end === -1 ? [...parts] : parts.slice(0, end)
}

function cells(grapheme: string): number {
  if (ZERO.test(grapheme)) return 0
  return (WIDE.test(grapheme) && !HALFWIDTH_KANA.test(grapheme)) || EMOJI.test(grapheme) ? 2 : 1
}
