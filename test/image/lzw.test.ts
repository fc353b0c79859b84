import { expect, test } from 'vitest'
import { type LzwOptions, unpackLzw } from '../../src/image/formats/lzw/lzw.ts'

// WebAssembly and JavaScript give the same bytes of whatever comes.
const answer = (data: Uint8Array, options: LzwOptions, engine?: 'js'): Uint8Array | string => {
  try {
    return unpackLzw(data, options, engine)
  } catch (error) {
    return String(error)
  }
}

test.each([
  { clear: 4, early: 0, highFirst: false },
  { clear: 256, early: 0, highFirst: false },
  { clear: 256, early: 1, highFirst: true },
] as const)('both engines unpack alike: $clear, $highFirst', (kind) => {
  let state = 7
  const random = (): number => ((state = (state * 1103515245 + 12345) & 0x7fffffff), state >> 8)
  for (let run = 0; run < 400; run++) {
    // Few different bytes make codes that exist, and long runs.
    const most = run % 4 === 0 ? 256 : 1 + (run % 7)
    const data = Uint8Array.from({ length: random() % 400 }, () => random() % most)
    const damaged = run % 2 ? ('stop' as const) : () => new Error('damaged')
    const options = { ...kind, size: random() % 3000, damaged }
    expect(answer(data, options)).toEqual(answer(data, options, 'js'))
  }
})

test('a run may grow over itself', () => {
  // Clear, 65, 258 (itself and its first byte), 259, end; 9 bits each, high ones first.
  const bits = [256, 65, 258, 259, 257].map((code) => code.toString(2).padStart(9, '0')).join('')
  const data = Uint8Array.from(bits.match(/.{1,8}/g)!, (byte) => Number.parseInt(byte.padEnd(8, '0'), 2))
  const options = { clear: 256, early: 1, highFirst: true, size: 100, damaged: 'stop' } as const
  expect(Buffer.from(unpackLzw(data, options)).toString()).toBe('AAAAAA')
  expect(unpackLzw(data, { ...options, size: 5 })).toHaveLength(5)
})
