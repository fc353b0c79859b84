import { expect, test } from 'vitest'
import { displayWidth, printable, truncateMiddle } from '../../src/cli/output/display-width.ts'
import { csvRow } from '../../src/cli/output/format-csv.ts'
import { formatBytes, formatDuration } from '../../src/cli/output/format-quantity.ts'
import { formatTable } from '../../src/cli/output/format-table.ts'

test.each([
  ['plain.png', 9],
  ['', 0],
  ['日本語', 6],
  ['ｱｲｳ', 3],
  ['ＡＢ', 4],
  ['é', 1],
  ['e\u0301', 1],
  ['한국', 4],
  ['👩‍👩‍👧', 2],
  ['🦊.png', 6],
  ['🇯🇵', 2],
  ['❤️', 2],
  ['a\u200Bb', 2],
  ['Ж', 1],
  ['（）', 4],
])('displayWidth(%j) is %i', (text, width) => {
  expect(displayWidth(text)).toBe(width)
})

test('truncateMiddle keeps both ends, in cells', () => {
  expect(truncateMiddle('abcdefghij.png', 9)).toBe('abcd….png')
  expect(truncateMiddle('short', 5)).toBe('short')
  expect(truncateMiddle('日本語日本語.png', 10)).toBe('日本….png')
  expect(displayWidth(truncateMiddle('日本語日本語日本語', 8))).toBeLessThanOrEqual(8)
  expect(truncateMiddle('abc', 1)).toBe('…')
  expect(truncateMiddle('abc', 0)).toBe('')
})

test('printable shows what would steer a terminal', () => {
  expect(printable('a\x1b[31m\nb\u202e\x9b')).toBe('a\\u001b[31m\\u000ab\\u202e\\u009b')
})

test('csvRow quotes what must be quoted, and ends in CR LF', () => {
  expect(csvRow(['a', 1.5, true, undefined])).toBe('a,1.5,true,\r\n')
  expect(csvRow(['a,b', 'say "x"', 'two\nlines', ' pad', ''])).toBe(
    '"a,b","say ""x""","two\nlines"," pad",\r\n',
  )
})

test('formatTable aligns by cells, and cuts the last column alone', () => {
  const columns = [
    { header: 'n', align: 'right' },
    { header: 'name', align: 'left' },
    { header: 'file', align: 'left' },
  ] as const
  expect(
    formatTable(
      columns,
      [
        ['1', '日本', 'aaaaaaaaaaaaaaaaaaaa'],
        ['10', 'x', 'b'],
      ],
      20,
    ),
  ).toEqual([' n  name  file', ' 1  日本  aaaa…aaaaa', '10  x     b'])
})

test.each([
  [0, '0 B'],
  [999, '999 B'],
  [1000, '1.00 kB'],
  [12_340, '12.3 kB'],
  [999_600, '1.00 MB'],
  [3_944_692_325, '3.94 GB'],
])('formatBytes(%i) is %s', (bytes, text) => {
  expect(formatBytes(bytes)).toBe(text)
})

test.each([
  [7, '0:07'],
  [59.6, '1:00'],
  [750, '12:30'],
  [3723, '1:02:03'],
])('formatDuration(%d) is %s', (seconds, text) => {
  expect(formatDuration(seconds)).toBe(text)
})
