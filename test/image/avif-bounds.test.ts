import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { ImageError } from '../../src/base/errors.ts'
import { decodeImage } from '../../src/image/decode-image.ts'
import { readItems } from '../../src/image/formats/avif/container/avif-items.ts'
import { readTracks } from '../../src/image/formats/avif/container/avif-tracks.ts'
import { ByteReader } from '../../src/image/formats/byte-reader.ts'
import { codecSets } from './codec-sets.ts'

// Small files whose numbers ask for more work than they are long. Each took minutes, or all memory, before it was bounded.

const u32 = (...values: number[]): number[] =>
  values.flatMap((value) => [value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255])
const zeros = (count: number): number[] => new Array<number>(count).fill(0)
const letters = (text: string): number[] => [...text].map((letter) => letter.charCodeAt(0))
const box = (type: string, ...parts: number[][]): number[] => {
  const payload = parts.flat()
  return [...u32(payload.length + 8), ...letters(type), ...payload]
}
const reader = (bytes: number[]): ByteReader =>
  new ByteReader(Uint8Array.from(bytes), () => new Error('read past the end'))

test.each(codecSets)(
  'a file type box that says it goes on for gigabytes is cut short ($name)',
  async (codecs) => {
    const bytes = new Uint8Array(readFileSync(new URL('../fixtures/images/avif-420.avif', import.meta.url)))
    new DataView(bytes.buffer).setUint32(0, 0x7fffffff)
    const error = await decodeImage(bytes, codecs, 1_000_000).catch((error: unknown) => error)
    expect(error).toBeInstanceOf(ImageError)
    expect(error).toMatchObject({ code: 'image_truncated' })
  },
)

test('extents that take no bytes are told once an item', () => {
  const items = 20_000
  const entries = Array.from({ length: items }, (_, i) => [(i + 1) >> 8, (i + 1) & 255, 0, 0, 255, 255])
  const hdlr = box('hdlr', u32(0, 0), letters('pict'), zeros(13))
  const iloc = box('iloc', u32(0), [0, 0, items >> 8, items & 255], entries.flat())
  const file = [...u32(0), ...hdlr, ...iloc]
  const read = readItems(reader(file), { type: 'meta', at: 0, end: file.length })
  expect(read.items).toHaveLength(items)
  expect(new Set(read.items.map(({ extents, size }) => `${extents.length} ${size}`))).toEqual(
    new Set(['1 0']),
  )
})

test('pictures of one size are not counted one by one', () => {
  const chunks = 50_000
  const tables = [
    box('stsd', u32(0, 1), box('av01', zeros(78))),
    box('stco', u32(0, chunks), zeros(4 * chunks)),
    box('stsc', u32(0, 1), u32(1, 200_000, 1)),
    box('stsz', u32(0, 1, 0)),
  ]
  const tkhd = box('tkhd', u32(0, 0, 0, 7), zeros(64))
  const trak = box('trak', tkhd, box('mdia', box('minf', box('stbl', ...tables))))
  const { colour } = readTracks(reader(trak), { type: 'moov', at: 0, end: trak.length })
  expect(colour).toMatchObject({ id: 7, offset: 0, length: 1 })
})
