import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { decodeImage } from '../../src/image/decode-image.ts'
import { sniffImage } from '../../src/image/sniff.ts'
import { codecSets } from './codec-sets.ts'

// Our own decoders of JPEG and fax: damaged files end in an ImageError or in pixels, and soon.
const folder = new URL('../fixtures/images/', import.meta.url)
const read = (name: string): Uint8Array => new Uint8Array(readFileSync(new URL(name, folder)))
const [, wasm] = codecSets
const ours = readdirSync(folder).filter((name) =>
  /^(jpeg-(440|cmyk|ycck|arithmetic)|tiff-(jpeg|g3|g4|group|ccitt))/.test(name),
)

/** The same numbers on every run. */
function random(seed: number): (below: number) => number {
  return (below) => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0
    return Math.floor((seed / 2 ** 32) * below)
  }
}

async function outcome(bytes: Uint8Array): Promise<string> {
  return decodeImage(bytes, wasm!, 1_000_000).then(
    () => 'pixels',
    (error: Error) => error.name,
  )
}

describe('damaged files', () => {
  test.each(ours)('%s, bits flipped', async (name) => {
    const next = random(1)
    for (let i = 0; i < 20; i++) {
      const bytes = read(name)
      for (let k = 0; k <= i % 4; k++) bytes[next(bytes.length)]! ^= 1 << next(8)
      expect(['pixels', 'ImageError']).toContain(await outcome(bytes))
    }
  })

  test.each(ours.filter((name) => name.startsWith('jpeg')))(
    '%s, cut at any place, is refused',
    async (name) => {
      const whole = read(name)
      const next = random(2)
      for (let i = 0; i < 20; i++)
        expect(await outcome(whole.subarray(0, next(whole.length - 2)))).toBe('ImageError')
    },
  )
})

test.each(['tiff-group4-0.tif', 'tiff-ccitt-0.tif', 'tiff-jpeg-422.tif', 'tiff-jpeg-strips.tif'])(
  '%s with short strips is truncated',
  async (name) => {
    const bytes = read(name)
    const view = new DataView(bytes.buffer)
    const little = bytes[0] === 0x49
    const directory = view.getUint32(4, little)
    for (let i = 0; i < view.getUint16(directory, little); i++) {
      const at = directory + 2 + i * 12
      // StripByteCounts, whether one number or the place of many.
      if (view.getUint16(at, little) !== 279) continue
      const short = view.getUint16(at + 2, little) === 3
      const where = view.getUint32(at + 4, little) === 1 ? at + 8 : view.getUint32(at + 8, little)
      const count = short ? view.getUint16(where, little) : view.getUint32(where, little)
      if (short) view.setUint16(where, count * 0.6, little)
      else view.setUint32(where, count * 0.6, little)
    }
    await expect(decodeImage(bytes, wasm!)).rejects.toMatchObject({
      name: 'ImageError',
      code: 'image_truncated',
    })
  },
)

test('a JPEG of millions of pixels in a few bytes is refused before room is made for it', async () => {
  const bytes = read('jpeg-cmyk.jpg')
  const frame = bytes.findIndex((byte, i) => byte === 0xff && bytes[i + 1] === 0xc0)
  bytes.set([0x27, 0x10, 0x27, 0x10], frame + 5)
  await expect(decodeImage(bytes, wasm!)).rejects.toMatchObject({ code: 'image_truncated' })
})

// Found by test/fuzz.
describe('ends that are told apart', () => {
  test.each([wasm!, codecSets[0]!])(
    'a WebP frame that reaches over its canvas is refused, $name',
    async (codecs) => {
      const bytes = read('webp-animated.webp')
      const frame = Buffer.from(bytes).indexOf('ANMF')
      // Moved two pixels to the right: rows ran on into the next ones.
      bytes[frame + 8]! += 1
      await expect(decodeImage(bytes, codecs)).rejects.toMatchObject({
        code: 'image_unreadable',
        message: expect.stringContaining('its first frame reaches over its 61×43 pixels'),
      })
    },
  )

  test('a GIF that ends before its first code is truncated', async () => {
    const whole = read('gif-local.gif')
    const noCode = whole.subarray(0, beforeCode(whole))
    await expect(decodeImage(noCode, wasm!)).rejects.toMatchObject({ code: 'image_truncated' })
  })

  test.each([0, 1])('a TIFF side beyond 32 bits, or below 0, is refused, tag %i', (tag) => {
    const bytes = read('tiff-bigtiff.tif')
    const view = new DataView(bytes.buffer)
    const directory = Number(view.getBigUint64(8, true))
    const at = directory + 8 + 20 * tag
    expect(view.getUint16(at, true)).toBe(256 + tag)
    view.setUint16(at + 2, 16, true)
    view.setBigUint64(at + 12, 2n ** 60n + 61n, true)
    expect(() => sniffImage(bytes)).toThrow(expect.objectContaining({ code: 'image_unreadable' }))
    // SLONG
    view.setUint16(at + 2, 9, true)
    view.setBigInt64(at + 12, -61n, true)
    expect(() => sniffImage(bytes)).toThrow(expect.objectContaining({ code: 'image_unreadable' }))
  })
})

/** Where the code size of the first picture is: behind its descriptor and its own palette. */
function beforeCode(gif: Uint8Array): number {
  const descriptor = gif.findIndex(
    (byte, i) => byte === 0x2c && gif.subarray(i + 1, i + 5).every((place) => place === 0),
  )
  const flags = gif[descriptor + 9]!
  return descriptor + 10 + (flags & 128 ? 3 * 2 ** ((flags & 7) + 1) : 0)
}
