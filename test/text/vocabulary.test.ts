import { createHash } from 'node:crypto'
import { gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { PACKED_MERGES } from '../../src/text/merges.ts'
import { byteOrder, mergedId, vocabulary } from '../../src/text/vocabulary.ts'

const text = (id: number) =>
  String.fromCharCode(...vocabulary().bytes(id)) + (vocabulary().endsWord(id) ? '</w>' : '')

test('the first, a well-known and the last token', () => {
  expect([0, 256, 512, 320, 2368, 49405].map(text)).toEqual([
    '!',
    '!</w>',
    'in',
    'a</w>',
    'cat</w>',
    'jekyll</w>',
  ])
})

test('all merges are those of CLIP', () => {
  // Parts come before what they make, and the hash of all of them is that of the original's list, with bytes for stand-ins.
  const { left, right, rank } = vocabulary()
  expect(left).toHaveLength(48894)
  left.forEach((id, r) => {
    expect(rank(id, right[r]!)).toBe(r)
    expect(Math.max(id, right[r]!)).toBeLessThan(mergedId(r))
  })
  const list = Array.from(left, (id, r) => `${text(id)} ${text(right[r]!)}`).join('\n')
  expect(createHash('sha256').update(list, 'latin1').digest('hex')).toBe(
    '154860d0f85fd3e81aa38cf904b390dacb876ca949b11dcea24e0e0326659e0b',
  )
})

test('every byte has a token', () => {
  expect([...byteOrder()].sort((a, b) => a - b)).toEqual(Array.from({ length: 256 }, (_, i) => i))
  for (let byte = 0; byte < 256; byte++)
    expect(vocabulary().bytes(vocabulary().byteIds[byte]!)).toEqual([byte])
})

test('what does not merge has no rank', () => {
  const { rank, byteIds, nextRank } = vocabulary()
  expect(rank(byteIds[0]!, byteIds[0]!)).toBe(-1)
  expect(rank(49405, 49405)).toBe(-1)
  expect(nextRank(byteIds[0x69]!, 0)).toBe(0) // i n
  expect(nextRank(49405, 0)).toBe(-1)
})

test('packed small enough for the web', () => {
  expect(gzipSync(PACKED_MERGES, { level: 9 }).length).toBeLessThan(160_000)
})
