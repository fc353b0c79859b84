import { Jimp } from 'jimp'
import { afterAll, expect, it } from 'vitest'
import { createNodeDecoder } from '../../src/image/decoder-node.ts'
import { openWebImage } from '../../src/image/inputs/image-input-web.ts'
import { takeImage } from '../../src/image/inputs/take-image.ts'

const decoder = createNodeDecoder()
afterAll(() => decoder.dispose())

const WIDTH = 5
const HEIGHT = 3
const rgba = Uint8Array.from({ length: WIDTH * HEIGHT * 4 }, (_, i) => (i * 37) % 256)
const rgb = Uint8Array.from({ length: WIDTH * HEIGHT * 3 }, (_, i) => rgba[4 * Math.floor(i / 3) + (i % 3)]!)
const jimp = (): InstanceType<typeof Jimp> => {
  const image = new Jimp({ width: WIDTH, height: HEIGHT })
  image.bitmap.data.set(rgba)
  return image as never
}

it('Node: its bitmap, exactly; alpha is dropped as of any picture', async () => {
  const { data, width, height } = await decoder.decode(jimp())
  expect([width, height, ...data]).toEqual([WIDTH, HEIGHT, ...rgb])
})

it('web: its bitmap, in memory of its own', async () => {
  const image = jimp()
  const { source } = await openWebImage(image).read({} as never)
  expect(source).toEqual({ raw: { data: rgba, width: WIDTH, height: HEIGHT, channels: 4 } })
  image.bitmap.data.fill(0)
  expect(source).toMatchObject({ raw: { data: rgba } })
})

it('is taken as it is at the call', () => {
  const image = jimp()
  const taken = takeImage(image) as { data: Uint8Array; channels: number }
  image.bitmap.data.fill(0)
  expect([taken.channels, ...taken.data]).toEqual([4, ...rgba])
})

it.each([
  ['no pixels', { bitmap: {} }, 'image_invalid_raw'],
  ['too few', { bitmap: { data: new Uint8Array(4), width: 2, height: 1 } }, 'image_invalid_raw'],
  ['none', { bitmap: { data: new Uint8Array(0), width: 0, height: 1 } }, 'image_zero_size'],
  ['no bitmap', { bitmap: null }, 'image_unsupported'],
])('%s: a typed error', async (_, image, code) => {
  await expect(decoder.decode(image as never)).rejects.toMatchObject({ name: 'ImageError', code })
  expect(() => openWebImage(image)).toThrow(expect.objectContaining({ name: 'ImageError', code }))
})
