import { expect, test } from 'vitest'
import { createNodeDecoder } from '../../src/image/decoder-node.ts'
import { sniffImage } from '../../src/image/sniff.ts'

const decoder = createNodeDecoder({ threads: 0 })
const header = (...bytes: number[]): Uint8Array => Uint8Array.from({ length: 40 }, (_, i) => bytes[i] ?? 0)

test.each([
  ['An icon', header(0, 0, 1, 0, 1, 0, 16, 16)],
  ['An icon', header(0, 0, 2, 0, 1, 0, 16, 16)],
  ['A TGA image', header(0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9, 0, 7, 0, 24, 32)],
  ['A TGA image', header(0, 0, 10, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9, 0, 7, 0, 32, 8)],
  ['A TGA image', header(0, 1, 1, 0, 0, 4, 0, 24, 0, 0, 0, 0, 9, 0, 7, 0, 8, 0)],
])('%s is named', (what, bytes) => {
  expect(() => sniffImage(bytes)).toThrow(
    expect.objectContaining({ code: 'image_unsupported', message: expect.stringContaining(what) as string }),
  )
})

test.each([
  ['data:xx', 'no comma'],
  ['data:image/png;base64,!!!', 'is not base64'],
])('%s is no server', async (url, why) => {
  await expect(decoder.decode(url)).rejects.toMatchObject({
    code: 'image_unreadable',
    message: expect.stringMatching(new RegExp(`The data URL cannot be decoded: .*${why}`)),
  })
})

test('a base64 text makes a short message', async () => {
  await expect(decoder.decode('iVBORw0KGgo' + 'A'.repeat(50_000))).rejects.toMatchObject({
    code: 'image_unsupported',
    message: expect.stringMatching(/^.{1,300}$/),
  })
})
