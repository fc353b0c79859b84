import { expect, it } from 'vitest'
import { jsonErrorAt } from '../../../src/pairs/tables/json-error-at.ts'

it.each([
  ['{"a": 1', 7],
  ['{"a": tru}', 6],
  ['{"a": "x\ty"}', 8],
  ['{"a": "\\q"}', 7],
  ['{"a": 01}', 7],
  ['{"a": 1,}', 8],
  ['{"a" 1}', 5],
  ['{"a": [1, 2}', 11],
  ['{} x', 3],
  ['', 0],
])('%j stops being JSON at %i', (text, at) => {
  expect(jsonErrorAt(text)).toBe(at)
  expect(() => JSON.parse(text)).toThrow()
})

it('takes nesting that no row has without overflowing', () => {
  expect(jsonErrorAt('['.repeat(100_000))).toBe(500)
})
