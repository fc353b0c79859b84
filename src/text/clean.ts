import { fixText } from './fix-text.ts'
import { htmlUnescape } from './html-unescape.ts'
import { PYTHON_WHITESPACE } from './python-whitespace.ts'

const WHITESPACE_RUN = new RegExp(`[${PYTHON_WHITESPACE}]+`, 'g')
/** UTF-16 units worth cleaning at a time. */
const CHUNK = 4096

/**
 * A prompt as open_clip's SimpleTokenizer cleans it (open_clip 3.3, `_clean_lower`): repaired by ftfy, character
 * references resolved twice, whitespace stripped and collapsed to single spaces, lower case.
 *
 * Lone surrogates, which a prompt cut in the middle of an emoji has, become U+FFFD, as in Python.
 */
export function cleanText(text: string): string {
  return [...cleanChunks(text)].join(' ')
}

/**
 * The same piece by piece: joined with single spaces, the chunks are `cleanText(text)`; none is empty. Cut only where
 * nothing can reach across: at a space, tab, newline or form feed, which no character reference contains and which
 * ends a word for the lower-case rules (final sigma).
 */
export function* cleanChunks(text: string): Generator<string> {
  let pending = ''
  for (const segment of fixText(text)) {
    pending += segment
    if (pending.length < CHUNK) continue
    const cut = lastBreak(pending, pending.length - segment.length)
    if (cut < 0) continue
    yield* finish(pending.slice(0, cut))
    pending = pending.slice(cut)
  }
  yield* finish(pending)
}

function lastBreak(text: string, from: number): number {
  for (let i = text.length - 1; i >= from; i--) {
    const unit = text.charCodeAt(i)
    if (unit === 0x20 || unit === 0x0a || unit === 0x09 || unit === 0x0c) return i
  }
  return -1
}

function* finish(fixed: string): Generator<string> {
  const clean = htmlUnescape(htmlUnescape(fixed))
    .replace(WHITESPACE_RUN, ' ')
    .replace(/^ | $/g, '')
    .toLowerCase()
  if (clean !== '') yield clean
}
