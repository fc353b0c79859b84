import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { inflateStream } from '../../src/image/formats/inflate/inflate-stream.ts'
import { decodeTiff } from '../../src/image/formats/tiff/tiff-decoder.ts'
import { findUnpacker } from '../../src/image/formats/tiff/unpackers.ts'

const read = (name: string): Uint8Array =>
  readFileSync(new URL(`../fixtures/images/${name}`, import.meta.url))

test.each(['tiff-no-cmyka.tif', 'tiff-no-webp.tif', 'tiff-no-16-reversed.tif', 'tiff-no-planes-extra.tif'])(
  '%s: the message says that the kind is not read, and not to fetch it again',
  async (name) => {
    const error = await decodeTiff(read(name), inflateStream).catch((caught: unknown) => caught)
    expect(error).toMatchObject({ name: 'ImageError', code: 'image_unsupported' })
    expect(String(error)).toMatch(/this kind is not read/i)
    expect(String(error)).not.toMatch(/fetch/i)
  },
)

test('a line of a palette goes past 2^31 bits', () => {
  // Only the place is computed; the bytes there are left out of the line.
  const { unpack } = findUnpacker('P', 'P;4')!
  const out = new Uint8Array(2)
  const data = new Proxy(new Uint8Array(1), {
    get: (_, key) => (key === '268435456' ? 0x5a : 0),
  })
  unpack(out, 0, data, 268435456, 2)
  expect([...out]).toEqual([5, 10])
})

test('LZMA that is cut, or whose header is damaged, is refused', async () => {
  const bytes = read('tiff-lzma.tif')
  for (const at of [9, 12 + 8, 700]) {
    const damaged = bytes.slice()
    damaged[8 + at]! ^= 0x10
    await expect(decodeTiff(damaged, inflateStream)).rejects.toMatchObject({ name: 'ImageError' })
  }
})
