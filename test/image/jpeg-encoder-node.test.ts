import { expect, test } from 'vitest'
import { createNodeCodecs } from '../../src/image/codecs/codecs-node.ts'
import { createJpegEncoder } from '../../src/image/codecs/jpeg-encoder-node.ts'

test('a crop comes back from the JPEG as it was, within what the compression may lose', async () => {
  const size = 64
  const data = Uint8Array.from(
    { length: size * size * 3 },
    (_, i) => [(i / 3) % size, i / 3 / size, 40][i % 3]! * 3,
  )
  const encode = await createJpegEncoder()
  const [file, again] = [
    encode({ data, size, width: 64, height: 64 }),
    encode({ data, size, width: 64, height: 64 }),
  ]
  expect(again).toEqual(file)
  expect(file.length).toBeLessThan(data.length / 5)
  const { width, height, channels, data: decoded } = await (await createNodeCodecs('never')).jpeg(file)
  expect([width, height, channels]).toEqual([size, size, 3])
  const errors = Array.from(data, (value, i) => Math.abs(value - decoded[i]!))
  expect(errors.reduce((sum, error) => sum + error) / errors.length).toBeLessThan(3)
})
