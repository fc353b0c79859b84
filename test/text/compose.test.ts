import { expect, test } from 'vitest'
import { ClipTokenizer } from '../../src/text/clip-tokenizer.ts'
import { composeNfc } from '../../src/text/compose.ts'
import { cpuTime } from '../cpu-time.ts'

const marks: string[] = []
for (let point = 0x300; point < 0x1f000; point++) {
  if (/\p{M}/u.test(String.fromCodePoint(point))) marks.push(String.fromCodePoint(point))
}

/** Whole numbers below `limit`, the same each time. */
function numbers(seed: number): (limit: number) => number {
  let state = seed
  return (limit) => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) % limit
  }
}

test('long runs of any marks come out as the runtime composes them', () => {
  const random = numbers(7)
  const starters = ['', 'a', 'ạ', 'c', '한', '\u09c7', 'x', '\u1100']
  for (let round = 0; round < 300; round++) {
    const kinds = Array.from({ length: 2 + random(40) }, () => marks[random(marks.length)]!)
    let text = ''
    for (let part = 0; part < 3; part++) {
      text += starters[random(starters.length)]
      for (let i = 40 + random(400); i > 0; i--) text += kinds[random(kinds.length)]
    }
    expect(composeNfc(text)).toBe(text.normalize('NFC'))
  }
})

test.each(marks.filter((mark) => mark.normalize('NFD') !== mark))(
  '%j is decomposed before it is sorted',
  (mark) => {
    for (const other of ['\u0327', '\u0301', '\u0345', '\u0334', '\u0f72']) {
      const text = `a${(mark + other).repeat(40)}`
      expect(composeNfc(text)).toBe(text.normalize('NFC'))
    }
  },
)

test('text without long runs is composed as it is', () => {
  const text = 'Ünı\u0308co\u0323\u0302de \ud800 한국어'
  expect(composeNfc(text)).toBe(text.normalize('NFC'))
})

test.each([
  ['two classes in turn', '\u0301\u0327'],
  ['marks that are two', '\u0f73'],
  ['three classes', '\u0345\u0301\u0334'],
])('a million marks, %s, take no time to speak of', (_, pair) => {
  const text = `a${pair.repeat(1_000_000 / pair.length)}`
  const start = cpuTime()
  const ids = new ClipTokenizer().encode(text)
  // What the runtime's own way takes minutes for.
  expect(cpuTime() - start).toBeLessThan(5000)
  expect(ids).toHaveLength(77)
})
