import { expect, test } from 'vitest'
import { cleanChunks, cleanText } from '../../src/text/clean.ts'

test('repairs, resolves references, collapses whitespace, lowers', () => {
  expect(cleanText('  A  cat\u3000&amp;amp;\tthe “Dog”\r\n')).toBe('a cat & the "dog"')
  expect(cleanText('schÃ¶n â€“ ﬁne ＦＵＬＬ')).toBe('schön – fine full')
  expect(cleanText('İ ΟΔΟΣ ΟΔΟΣΑ')).toBe('i̇ οδος οδοσα')
})

test("whitespace is Python's: not U+FEFF and U+200B, but U+0085", () => {
  // U+0085 is "…" in Windows-1252, which ftfy takes it for; as a reference it is that too.
  expect(cleanText('a\u200bb\u180ec\u1680d\u2009e\u205ff')).toBe('a\u200bb\u180ec d e f')
  expect(cleanText('a\ufeffb')).toBe('ab')
  expect(cleanText('a&#12288;b&#x2028;c')).toBe('a b c')
})

test('a lone surrogate becomes U+FFFD', () => {
  expect(cleanText('cut emoji \ud83d')).toBe('cut emoji \ufffd')
  expect(cleanText('\ude00\ud83d \ud83d\ude00')).toBe('\ufffd\ufffd 😀')
})

test('references are left alone where the text may be HTML, from the line with "<" on', () => {
  expect(cleanText('&EACUTE;\n<b>&EACUTE;')).toBe('é <b>&eacute;')
})

test('chunks joined are the whole, wherever they are cut', () => {
  const lines = [
    'A “Photo” of\tΟΔΟΣ',
    'schÃ¶n &amp;lt; &nbsp;&nbsp;',
    '',
    '   ',
    'ΑΣ',
    "it's &#x27;",
    'x\u0301',
    '日本語',
    '&amp',
    '\u00a0',
    'Σ',
  ]
  for (const separator of ['\n', ' ', '\t', '\f', '\r\n', '\u2028', '']) {
    const text = Array.from({ length: 3000 }, (_, i) => lines[(i * 7 + (i >> 3)) % lines.length]).join(
      separator,
    )
    const chunks = [...cleanChunks(text)]
    for (const chunk of chunks) expect(chunk).toMatch(/^\S(?:[^]*\S)?$/u)
    // Every line on its own, and all of them at once in a text too short to be cut.
    if (separator === '\n') {
      expect(chunks.length).toBeGreaterThan(3)
      expect(chunks.join(' ')).toBe(text.split('\n').map(cleanText).filter(Boolean).join(' '))
    }
    expect(cleanText(text)).toBe(chunks.join(' '))
  }
})

test('cleaning twice changes no plain text', () => {
  for (const text of ['a photo of a cat', 'ΟΔΟΣ αΣ', 'İstanbul', 'crème brûlée — 日本語 😀']) {
    expect(cleanText(cleanText(text))).toBe(cleanText(text))
  }
})
