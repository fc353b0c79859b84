/** UTF-16 units of a run matched at once: the regular expressions of browsers overflow their stack on millions. */
const RUN = 4096

/**
 * open_clip's split (`SimpleTokenizer.pat`), for text that `cleanText` made. The original ignores case, for which only
 * "ſ" (an "s") and U+0345 (an iota, and so a letter, but not matched as one) make a difference in lower-case text.
 * Groups: start of a run of letters, and of a run of what is neither letter, number nor space.
 */
const PIECE = new RegExp(
  `<[sſ]tart_of_text>|<end_of_text>|'[sſ]|'t|'re|'ve|'m|'ll|'d|(\\p{L}{1,${RUN}})|\\p{N}|([^ \\p{L}\\p{N}\\u0345]{1,${RUN}})`,
  'gu',
)
const LETTERS = new RegExp(`\\p{L}{1,${RUN}}`, 'uy')
const OTHERS = new RegExp(`[^ \\p{L}\\p{N}\\u0345]{1,${RUN}}`, 'uy')

/** The pieces of cleaned text that BPE takes one by one, with where they start. */
export function* split(text: string): Generator<{ readonly piece: string; readonly index: number }> {
  let position = 0
  for (;;) {
    PIECE.lastIndex = position
    const found = PIECE.exec(text)
    if (found === null) return
    position = found.index + found[0].length
    const more = found[1] !== undefined ? LETTERS : OTHERS
    if (found[0].length >= RUN) {
      for (more.lastIndex = position; more.test(text);) position = more.lastIndex
    }
    yield { piece: text.slice(found.index, position), index: found.index }
  }
}
