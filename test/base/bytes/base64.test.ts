import { expect, test } from 'vitest'
import { decodeBase64 } from '../../../src/base/bytes/decode-base64.ts'
import { encodeBase64 } from '../../../src/base/bytes/encode-base64.ts'

const bytes = (length: number): Uint8Array => Uint8Array.from({ length }, (_, i) => (i * 151 + length) & 255)

test('bytes of every length come back, in both alphabets, with padding and without', () => {
  for (let length = 0; length < 100; length++) {
    const text = encodeBase64(bytes(length))
    expect(text).toBe(Buffer.from(bytes(length)).toString('base64'))
    for (const form of [text, text.replace(/=+$/, ''), text.replaceAll('+', '-').replaceAll('/', '_')])
      expect(decodeBase64(form)).toEqual(bytes(length))
  }
})

test('white space is passed over, wherever it stands', () => {
  const text = encodeBase64(bytes(50))
  expect(decodeBase64(`\n${text.slice(0, 7)}\r\n ${text.slice(7, 30)}\t${text.slice(30)} \n`)).toEqual(
    bytes(50),
  )
})

test.each(['a', 'abcde', 'ab*d', 'abcé', 'ab=cd', '====', 'ab===', 'абвг'])('%j is not base64', (text) => {
  expect(decodeBase64(text)).toBeUndefined()
})

test('many bytes are encoded without a limit of arguments', () => {
  const many = bytes(300_000)
  expect(decodeBase64(encodeBase64(many))).toEqual(many)
})
