import { deflateSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { decodeImage } from '../../src/image/decode-image.ts'
import { crc32 } from '../../src/image/formats/crc32.ts'
import { sha256 } from '../sha256.ts'
import { codecSets } from './codec-sets.ts'

const side = 2200

/** RGBA of 16 bits, more than is inflated at once, in IDAT chunks of 1,000 bytes; `rows` of its rows are there. */
function largePng(rows: number): Uint8Array {
  const row = Buffer.alloc(1 + side * 8)
  const raw = Buffer.concat(
    Array.from({ length: rows }, (_, y) => {
      row.fill(y & 255, 1)
      return Buffer.from(row)
    }),
  )
  const header = Buffer.alloc(13)
  header.writeUInt32BE(side, 0)
  header.writeUInt32BE(side, 4)
  header.set([16, 6, 0, 0, 0], 8)
  const data = deflateSync(raw, { level: 1 })
  const parts = Array.from({ length: Math.ceil(data.length / 1000) }, (_, i) =>
    chunk('IDAT', data.subarray(i * 1000, i * 1000 + 1000)),
  )
  const start = Buffer.from('89504e470d0a1a0a', 'hex')
  return new Uint8Array(
    Buffer.concat([start, chunk('IHDR', header), ...parts, chunk('IEND', Buffer.alloc(0))]),
  )
}

function chunk(type: string, body: Buffer): Buffer {
  const out = Buffer.concat([Buffer.alloc(4), Buffer.from(type), body, Buffer.alloc(4)])
  out.writeUInt32BE(body.length, 0)
  out.writeUInt32BE(crc32(out.subarray(4, -4)), out.length - 4)
  return out
}

/** The picture as it should come out: of 8 bits, without alpha; rows that lack are black. */
const pixels = (rows: number): Uint8Array =>
  Uint8Array.from({ length: side * side * 3 }, (_, i) => {
    const y = Math.floor(i / (side * 3))
    return y < rows ? y & 255 : 0
  })

describe.each(codecSets)('a large PNG, $name', (codecs) => {
  test('comes row by row, without alpha, at 8 bits', async () => {
    const { data, channels } = await decodeImage(largePng(side), codecs)
    expect(channels).toBe(3)
    expect(sha256(data)).toBe(sha256(pixels(side)))
  })

  test('of too few rows has black ones', async () => {
    const { data } = await decodeImage(largePng(side - 9), codecs)
    expect(sha256(data)).toBe(sha256(pixels(side - 9)))
  })

  test('that breaks off is truncated', async () => {
    const whole = largePng(side)
    await expect(decodeImage(whole.subarray(0, whole.length / 2), codecs)).rejects.toMatchObject({
      code: 'image_truncated',
    })
  })
})
