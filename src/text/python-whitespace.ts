/**
 * What Python's `str.strip`, `str.split` and `\s` take for whitespace, for use inside a character class. JavaScript's
 * `\s` lacks U+001C–U+001F and U+0085, and has U+FEFF.
 */
export const PYTHON_WHITESPACE: string =
  '\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000'
