import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Jimp } from 'jimp'
import { beforeEach, expect, test, vi } from 'vitest'
import { cliRoom } from '../cli-room.ts'

const room = cliRoom()
beforeEach(() => room.write({ 'a.png': '10', 'b.png': '250', 'c.png': '130', 'bad.png': 'bad' }))

/** Shades in the middles of the sheet's squares, left to right. */
async function shades(size: number): Promise<{ shades: number[]; height: number }> {
  const { bitmap } = await Jimp.read(readFileSync(join(room.folder, 'best.png')))
  const count = Math.round((bitmap.width - 12) / (size + 12))
  const at = (cell: number): number =>
    bitmap.data[4 * ((12 + size / 2) * bitmap.width + 12 + cell * (size + 12) + size / 2)]!
  return { shades: Array.from({ length: count }, (_, cell) => at(cell)), height: bitmap.height }
}

const SHEET = ['--sheet', 'best.png', '--sheet-size', '96']

test('rank --sheet draws the best first, and prints what it prints without', async () => {
  const args = ['rank', '.', '--prompt', 'a red fox', '--csv']
  const plain = await room.run(args)
  const { code, stdout, stderr } = await room.run([...args, ...SHEET])
  expect([code, stdout]).toEqual([3, plain.stdout])
  expect(stderr).toMatch(/^note: best\.png is written \(\d.* kB\)$/m)
  const order = stdout.match(/[abc]\.png/g)
  expect(order).toEqual(['b.png', 'c.png', 'a.png'])
  const [b, c, a] = (await shades(96)).shades
  expect([b! > c!, c! > a!]).toEqual([true, true])
})

test('score --sheet keeps the order of the images; --sheet-columns makes rows; beside --html', async () => {
  await room.run(['score', 'a.png', 'b.png', 'c.png', '--only', 'hp', ...SHEET])
  const row = await shades(96)
  const [a, b, c] = row.shades
  expect([a! < b!, b! > c!, c! > a!]).toEqual([true, true, true])
  const { code } = await room.run([
    ...['score', 'a.png', 'b.png', 'c.png', '--only', 'hp', '--html', 'all.html'],
    ...['--sheet-columns', '1', ...SHEET],
  ])
  expect([code, existsSync(join(room.folder, 'all.html'))]).toEqual([0, true])
  const column = await shades(96)
  expect([column.shades.length, column.height - 12]).toEqual([1, 3 * (row.height - 12)])
})

test('`--sheet *.png` does not draw over the first picture; an old sheet is drawn over', async () => {
  const before = readFileSync(join(room.folder, 'a.png'))
  const { code, stderr } = await room.run(['score', '--only', 'hp', '--sheet', 'a.png', 'b.png', 'c.png'])
  expect([code, stderr]).toEqual([1, expect.stringContaining('--sheet a.png is there already')])
  expect(readFileSync(join(room.folder, 'a.png'))).toEqual(before)
  for (const pictures of [['b.png'], ['b.png', 'c.png']])
    expect(await room.run(['score', '--only', 'hp', ...SHEET, ...pictures])).toMatchObject({ code: 0 })
  expect((await shades(96)).shades.length).toBe(2)
})

test.each([
  ['--sheet best.jpg', ['--sheet', 'best.jpg'], 'does not end in .png'],
  ['size', ['--sheet', 'best.png', '--sheet-size', '2000'], '64 to 1024'],
  ['no sheet', ['--sheet-columns', '2'], '--sheet FILE'],
])('%s is refused before any work', async (_, args, message) => {
  const { code, stderr } = await room.run(['score', 'a.png', ...args])
  expect(code).toBe(2)
  expect(stderr).toContain(message)
  expect(room.log).toEqual([])
})

// The last: what was mocked may be remembered for a while.
test('without jimp it says so before any work', async () => {
  vi.resetModules()
  vi.doMock('jimp', () => {
    throw new Error("Cannot find package 'jimp'")
  })
  // From the first import on.
  await expect(import('jimp')).rejects.toThrow()
  const { code, stderr } = await room.run(['score', 'a.png', ...SHEET])
  expect([code, room.log]).toEqual([expect.any(Number), []])
  expect(code).not.toBe(0)
  expect(stderr).toContain('`npm install jimp`')
})
