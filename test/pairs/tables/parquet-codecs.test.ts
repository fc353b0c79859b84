import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { unpackHadoopLz4, unpackLz4 } from '../../../src/pairs/tables/lz4-block.ts'
import { openTable } from '../../../src/pairs/tables/open-table-node.ts'

test('a table packed with LZ4, as pyarrow writes it', async () => {
  const path = fileURLToPath(new URL('../../fixtures/parquet/lz4.parquet', import.meta.url))
  const table = await openTable(path, 'lz4.parquet')
  const rows = []
  for await (const { cells } of table.read(['image', 'prompt'])) rows.push(cells)
  expect(rows).toEqual(
    Array.from({ length: 40 }, (_, i) => ({
      image: `renders/${i}.png`,
      prompt: `a fox ${'very '.repeat(i * 9)}red`,
    })),
  )
})

/** `ab`, then ten bytes of two before, then `c`. */
const BLOCK = Uint8Array.of(0x26, 0x61, 0x62, 2, 0, 0x10, 0x63)
const TEXT = 'abababababab' + 'c'
const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)

test('matches may overlap what they write; blocks may be framed as Hadoop has them, or not', () => {
  expect(text(unpackLz4(BLOCK, TEXT.length))).toBe(TEXT)
  const frame = Uint8Array.of(0, 0, 0, TEXT.length, 0, 0, 0, BLOCK.length, ...BLOCK)
  const framed = Uint8Array.of(...frame, ...frame)
  expect(text(unpackHadoopLz4(framed, 2 * TEXT.length))).toBe(TEXT + TEXT)
  expect(text(unpackHadoopLz4(BLOCK, TEXT.length))).toBe(TEXT)
})

test.each<[what: string, block: number[], length: number]>([
  ['ends within its literals', [0x50, 0x61], 5],
  ['ends within a distance', [0x16, 0x61, 1], 11],
  ['ends within a length', [0xf0, 0xff], 300],
  ['goes back before its beginning', [0x16, 0x61, 2, 0, 0], 11],
  ['goes back by nothing', [0x16, 0x61, 0, 0, 0], 11],
  ['is longer than it says', [0x20, 0x61, 0x62], 1],
  ['is shorter than it says', [0x20, 0x61, 0x62], 3],
])('a block that %s is refused', (_what, block, length) => {
  expect(() => unpackLz4(Uint8Array.from(block), length)).toThrow('its LZ4 is damaged')
})
