import { expect, test } from 'vitest'
import { InputError } from '../../src/base/errors.ts'
import { decodeText } from '../../src/text/decode-text.ts'

const TEXT = 'une tasse\nde café 狐\n'
const utf16 = (text: string, swap: boolean): Buffer => {
  const bytes = Buffer.from(`\ufeff${text}`, 'utf16le')
  return swap ? bytes.swap16() : bytes
}

test.each([
  ['UTF-8', Buffer.from(TEXT)],
  ['UTF-8 with its mark', Buffer.from(`\ufeff${TEXT}`)],
  ['UTF-16LE', utf16(TEXT, false)],
  ['UTF-16BE', utf16(TEXT, true)],
])('%s is read', (_, bytes) => {
  expect(decodeText(bytes, 'p.txt')).toBe(TEXT)
})

test.each([
  ['Windows-1252', Buffer.from('a\nb café', 'latin1'), 'it is not UTF-8', 2, 7],
  ['a cut character', Buffer.from('a 狐').subarray(0, 4), 'it is not UTF-8', 1, 2],
  ['half of a pair in UTF-16', utf16('a\n\ud800b', false), 'it is not UTF-16LE', 2, 6],
  ['UTF-16 without a mark', Buffer.from('ab', 'utf16le'), 'it holds NUL characters', 1, 1],
  ['UTF-32', Buffer.from([0xff, 0xfe, 0, 0, 97, 0, 0, 0]), 'it is UTF-32', 1, 0],
  ['ISO-2022-JP', Buffer.from('a\n\x1b$B%-%D%M\x1b(B\n', 'latin1'), 'it is ISO-2022', 2, 2],
])('%s is refused with its place', (_, bytes, why, line, byte) => {
  let error: unknown
  try {
    decodeText(bytes, 'p.txt')
  } catch (thrown) {
    error = thrown
  }
  expect(error).toBeInstanceOf(InputError)
  expect(error).toMatchObject({
    code: 'input_not_text',
    message: `p.txt cannot be read as text: ${why} (line ${line}, byte ${byte}). Save it as UTF-8.`,
    details: { line, byte },
  })
})
