import { expect, test } from 'vitest'
import { htmlUnescape } from '../../src/text/html-unescape.ts'

// As Python 3.11's html.unescape answers.
test.each([
  ['no references', 'no references'],
  ['&amp;amp;', '&amp;'],
  ['&lt;&gt;&quot;&apos;&nbsp;', '<>"\'\u00a0'],
  ['&eacute &eacutex &Eacute; &EACUTE;', 'é éx É &EACUTE;'],
  ['&notit; &notin; &notin', '¬it; ∉ ¬in'],
  ['&ampersand &am', '&ersand &am'],
  ['&CounterClockwiseContourIntegral;', '∳'],
  ['&NotEqualTilde;', '≂̸'],
  ['& &; &# &#; &#x &#x; &#xg', '& &; &# &#; &#x &#x; &#xg'],
  ['&#65;&#65&#x41;&#X41 &#0065;', 'AAAA A'],
  ['&#0; &#13; &#10;', '\ufffd \r \n'],
  ['&#128;&#x81;&#x8d;&#159;', '€\x81\x8dŸ'],
  ['[&#1;&#11;&#31;&#127;&#xfdd0;&#xfffe;&#x10ffff;]', '[]'],
  ['&#xd800;&#xdfff;&#x110000;&#99999999999999999999999;', '\ufffd\ufffd\ufffd\ufffd'],
  ['&#x1f600;&#128512', '😀😀'],
  [`&${'a'.repeat(40)};`, `&${'a'.repeat(40)};`],
  ['&\u00e9; &#\u0663;', '&é; &#٣;'],
])('%j', (text, want) => {
  expect(htmlUnescape(text)).toBe(want)
})

test('a number of any length, where Python gives up', () => {
  expect(htmlUnescape(`&#${'9'.repeat(5000)};`)).toBe('\ufffd')
  expect(htmlUnescape(`&#${'0'.repeat(5000)}65;`)).toBe('A')
})
