import { Jimp } from 'jimp'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { renderSheet, type SheetImage } from '../../src/sheet.ts'

const SIZE = 224
const GAP = 12
/** Each has a colour of its own, so that the sheet tells which is where. */
const COLOURS = [
  [255, 0, 0],
  [0, 255, 0],
  [0, 0, 255],
] as const

const picture = ([r, g, b]: readonly [number, number, number], width = 40, height = 40) => ({
  data: Uint8Array.from({ length: width * height * 3 }, (_, i) => [r, g, b][i % 3]!),
  width,
  height,
  channels: 3 as const,
})
const images: readonly SheetImage[] = COLOURS.map((colour, i) => ({
  image: picture(colour),
  name: `${'abc'[i]}.png`,
  rank: i + 1,
  scores: { score: 0.9 - i / 10, ICT: 0.5, HP: 0.75 },
}))

interface Sheet {
  readonly width: number
  readonly height: number
  at(x: number, y: number): number[]
  /** Rows of a part as text, `#` where it is dark. */
  ink(x: number, y: number, width: number, height: number): string
}

async function read(file: Uint8Array): Promise<Sheet> {
  const { bitmap } = await Jimp.read(Buffer.from(file))
  const at = (x: number, y: number): number[] => [
    ...bitmap.data.subarray(4 * (y * bitmap.width + x)).subarray(0, 3),
  ]
  const ink = (x: number, y: number, width: number, height: number): string =>
    Array.from({ length: height }, (_, row) =>
      Array.from({ length: width }, (_, column) => (at(x + column, y + row)[0]! < 128 ? '#' : '.')).join(''),
    ).join('\n')
  return { width: bitmap.width, height: bitmap.height, at, ink }
}

const middle = (cell: number): number => GAP + cell * (SIZE + GAP) + SIZE / 2

afterEach(() => {
  vi.doUnmock('jimp')
  vi.resetModules()
})

describe('renderSheet', () => {
  it('puts pictures in order, row by row', async () => {
    const sheet = await read(await renderSheet(images, { columns: 2 }))
    const second = middle(0) + (sheet.height - GAP) / 2
    expect(sheet.width).toBe(GAP + 2 * (SIZE + GAP))
    expect(sheet.at(middle(0), middle(0))).toEqual(COLOURS[0])
    expect(sheet.at(middle(1), middle(0))).toEqual(COLOURS[1])
    expect(sheet.at(middle(0), second)).toEqual(COLOURS[2])
    expect(sheet.at(middle(1), second)).toEqual([255, 255, 255])
  })

  it('begins a row for each group, below its name', async () => {
    const grouped = images.map((image, i) => ({ ...image, group: i === 0 ? 'first' : 'second' }))
    const sheet = await read(await renderSheet(grouped, { columns: 2 }))
    const plain = await read(await renderSheet(images, { columns: 2 }))
    // Two rows as without groups, and a line for each name.
    const head = (sheet.height - plain.height) / 2
    const row = (plain.height - GAP) / 2
    expect(head).toBeGreaterThan(GAP)
    expect(sheet.ink(GAP, GAP, SIZE, head - GAP)).toContain('#')
    expect(sheet.at(middle(0), head + middle(0))).toEqual(COLOURS[0])
    expect(sheet.at(middle(1), head + middle(0))).toEqual([255, 255, 255])
    const second = 2 * head + row + middle(0)
    expect([sheet.at(middle(0), second), sheet.at(middle(1), second)]).toEqual([COLOURS[1], COLOURS[2]])
  })

  it('fits a picture into its square, in its proportions', async () => {
    const wide = [{ image: picture(COLOURS[0], 40, 20), name: 'wide' }]
    const sheet = await read(await renderSheet(wide, { size: 100 }))
    const column = Array.from({ length: 100 }, (_, y) => sheet.at(GAP + 50, GAP + y)[1])
    expect([column.indexOf(0), column.lastIndexOf(0)]).toEqual([25, 74])
  })

  it('writes rank, name and scores below: other ranks, names and scores are other ink', async () => {
    const labelled = async (change: Partial<SheetImage>): Promise<[first: string, second: string]> => {
      const sheet = await read(await renderSheet([{ ...images[0]!, ...change }]))
      const line = (sheet.height - 2 * GAP - SIZE) / 2
      return [
        sheet.ink(GAP, GAP + SIZE, SIZE, Math.floor(line)),
        sheet.ink(GAP, GAP + SIZE + Math.floor(line), SIZE, Math.floor(line)),
      ]
    }
    const [first, second] = await labelled({})
    expect(first).toContain('#')
    expect(second).toContain('#')
    const [ranked, sameScores] = await labelled({ rank: 7 })
    const [named] = await labelled({ name: 'z.png' })
    const [sameName, scored] = await labelled({ scores: { score: 0.9, ICT: 0.5, HP: 0.751 } })
    expect(new Set([first, ranked, named]).size).toBe(3)
    expect([sameScores, sameName]).toEqual([second, first])
    expect(scored).not.toBe(second)
  })

  it('takes Jimp objects and files, and leaves them as they are', async () => {
    const jimp = new Jimp({ width: 10, height: 20, color: 0x00ff00ff })
    const png = new Uint8Array(await jimp.getBuffer('image/png'))
    const sheet = await read(
      await renderSheet([jimp, png].map((image) => ({ image: image as never, name: 'x' }))),
    )
    expect([0, 1].map((cell) => sheet.at(middle(cell), middle(0)))).toEqual([COLOURS[1], COLOURS[1]])
    expect([jimp.width, jimp.height]).toEqual([10, 20])
  })

  it.each([
    ['no pictures', [], {}],
    ['no columns', images, { columns: 0 }],
    ['half a column', images, { columns: 1.5 }],
    ['tiny', images, { size: 10 }],
    ['NaN', images, { size: NaN }],
    ['too many pixels', Array.from({ length: 2000 }, () => images[0]!), { size: 1024 }],
  ])('%s: input_invalid_option', async (_, given, options) => {
    await expect(renderSheet(given, options)).rejects.toMatchObject({ code: 'input_invalid_option' })
  })

  it('a file that jimp does not read is a typed error that names it', async () => {
    for (const image of [new Uint8Array(40), '/nowhere/x.png']) {
      await expect(renderSheet([{ image, name: 'x.png' }])).rejects.toMatchObject({
        name: 'ImageError',
        code: 'image_unreadable',
        message: expect.stringContaining('jimp cannot read x.png') as string,
      })
    }
  })

  it('an older jimp is told as a missing one', async () => {
    vi.doMock('jimp', () => ({ Jimp, measureText: undefined }))
    await expect(renderSheet(images)).rejects.toMatchObject({ code: 'input_package_missing' })
  })

  it('says how to install jimp where it is missing', async () => {
    vi.doMock('jimp', () => {
      throw new Error("Cannot find package 'jimp'")
    })
    await expect(renderSheet(images)).rejects.toMatchObject({
      name: 'InputError',
      code: 'input_package_missing',
      message: expect.stringContaining('`npm install jimp`') as string,
    })
  })
})
