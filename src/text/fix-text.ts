import {
  CONTROL_CHAR_RE,
  DOUBLE_QUOTE_RE,
  HTML_ENTITIES,
  HTML_ENTITY_RE,
  LIGATURES,
  SINGLE_QUOTE_RE,
} from 'ftfy-js/chardata'
import { composeNfc } from './compose.ts'
import { fixC1Controls, fixEncoding } from './fix-encoding.ts'
import { htmlUnescape } from './html-unescape.ts'

/** Code points that ftfy looks at together when a line is longer. */
const LONGEST_SEGMENT = 1_000_000
/**
 * Passes times length after which a segment is taken as it is. Prompts need two or three passes; text made for it (a
 * character reference that decodes to another, 100,000 deep) takes the reference hours.
 */
const MOST_WORK = 100_000_000
// Anything but printable ASCII without "&", tab, newline and form feed: what is left has nothing to fix.
const FIXABLE = /[^\t\n\f\x20-\x25\x27-\x7e]/
const LIGATURE = new RegExp(`[${Object.keys(LIGATURES).join('')}]`, 'g')

/**
 * Text repaired as `ftfy.fix_text` (python-ftfy 6.3.1, Apache-2.0) does with its default options: mojibake, HTML
 * character references, control characters, ligatures, curly quotes, full-width forms, line breaks, lone surrogates
 * (which become U+FFFD), NFC. Yields it segment by segment (lines, or a million code points of a longer line), since
 * ftfy repairs each on its own and whoever needs only the start can stop.
 */
export function* fixText(text: string): Generator<string> {
  // A "<" anywhere means the text may be HTML: from that segment on, character references are not touched.
  let unescape = true
  for (let start = 0; start < text.length;) {
    const end = segmentEnd(text, start)
    const segment = text.slice(start, end)
    unescape &&= !segment.includes('<')
    yield FIXABLE.test(segment) ? fixSegment(segment, unescape) : segment
    start = end
  }
}

function segmentEnd(text: string, start: number): number {
  const end = text.indexOf('\n', start) + 1 || text.length
  if (end - start <= LONGEST_SEGMENT) return end
  let position = start
  for (let count = 0; count < LONGEST_SEGMENT && position < end; count++) {
    position += text.codePointAt(position)! > 0xffff ? 2 : 1
  }
  return position
}

function fixSegment(text: string, unescape: boolean): string {
  for (let work = 0; ; work += text.length) {
    const before = text
    if (unescape) text = text.replace(HTML_ENTITY_RE, fixEntity)
    text = fixC1Controls(fixEncoding(text))
      .replace(LIGATURE, (char) => LIGATURES[char]!)
      .replace(/[\u3000\uff01-\uffef]/g, (char) => char.normalize('NFKC'))
      .replace(DOUBLE_QUOTE_RE, '"')
      .replace(SINGLE_QUOTE_RE, "'")
      .replace(/\r\n|[\r\u2028\u2029\x85]/g, '\n')
      .replace(/[\ud800-\udfff]/gu, '\ufffd')

      .replace(/\x1b\[[\p{Nd};]*[a-zA-Z]/gu, '')
      .replace(CONTROL_CHAR_RE, '')
    text = composeNfc(text)
    if (text === before || work > MOST_WORK) return text
  }
}

/** Only references with a semicolon, names also in capitals; a number that is not wholly read is left as it is. */
function fixEntity(entity: string): string {
  const named = HTML_ENTITIES[entity]
  if (named !== undefined) return named
  if (!entity.startsWith('&#')) return entity
  const unescaped = htmlUnescape(entity)
  return unescaped.includes(';') ? entity : unescaped
}
