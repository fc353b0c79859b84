import { expect, test } from 'vitest'
import { hidePasswords } from '../../src/base/hide-passwords.ts'

test.each([
  ['https://me:pa55@host/x', 'https://host/x'],
  ['no answer of redis://:pa55@host:1, twice redis://u:p@h', 'no answer of redis://host:1, twice redis://h'],
  ['https://h/a?X-Amz-Signature=ab12&w=5', 'https://h/a?X-Amz-Signature=…&w=5'],
  ['"https://h/a?w=5&sig=ab%2B#x" is', '"https://h/a?w=5&sig=…#x" is'],
  ['redis://h?password=x y', 'redis://h?password=… y'],
  ['https://h/a?access_token=1&api-key=2&TOKEN=3', 'https://h/a?access_token=…&api-key=…&TOKEN=…'],
  ['https://h/a?tokens=5&design=x&sigma=2', 'https://h/a?tokens=5&design=x&sigma=2'],
  ['a=b, me@host', 'a=b, me@host'],
])('%j is shown as %j', (text, shown) => {
  expect(hidePasswords(text)).toBe(shown)
})
