import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { decodeImage, toRgb } from '../../src/image/decode-image.ts'
import { codecSets } from './codec-sets.ts'

// Files of every kind, drawn by scripts/fixtures/make-images.py and make-avif.py, and what Pillow makes of each.
const folder = new URL('../fixtures/images/', import.meta.url)
interface Answer {
  width: number
  height: number
  rgbSha256: string
  /** Pillow refuses the file. */
  error?: string
}
const { images } = JSON.parse(readFileSync(new URL('pillow.json', folder), 'utf8')) as {
  images: Record<string, Answer>
}
const read = (name: string): Uint8Array => readFileSync(new URL(name, folder))

/** The codes for what Pillow refuses. */
const refusals: Record<string, string> = {
  'avif-brand-heic.avif': 'image_unsupported',
  'avif-brand-unknown.avif': 'image_unsupported',
  'avif-pixi-wrong.avif': 'image_unreadable',
  'avif-unknown-essential.avif': 'image_unreadable',
  'bmp-32-fields.bmp': 'image_unsupported',
  'bmp-32-odd-fields.bmp': 'image_unsupported',
  'bmp-rle8-short.bmp': 'image_unreadable',
}

for (const codecs of codecSets) {
  describe(`as Pillow, ${codecs.name}`, () => {
    test.each(Object.entries(images))('%s', async (name, want) => {
      const decoded = decodeImage(read(name), codecs)
      if (want.error) {
        await expect(decoded).rejects.toMatchObject({
          name: 'ImageError',
          code: refusals[name] ?? 'image_truncated',
        })
      } else {
        const { width, height, data } = toRgb(await decoded)
        expect({ width, height }).toEqual({ width: want.width, height: want.height })
        expect(createHash('sha256').update(data).digest('hex')).toBe(want.rgbSha256)
      }
    })
  })
}
