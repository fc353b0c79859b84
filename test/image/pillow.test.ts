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
  ...Object.fromEntries(
    [
      'webp-two-pictures.webp',
      'webp-frame-unannounced.webp',
      'webp-picture-in-no-frame.webp',
      'webp-frame-cut-inside.webp',
      'webp-other-size.webp',
      'webp-long-header.webp',
      'webp-unknown-flag.webp',
      'webp-bytes-over.webp',
      'webp-alpha-flagged.webp',
      'webp-no-padding.webp',
      'png-first-frame-outside.png',
      'png-first-frame-late.png',
      'bmp-4-own-grays.bmp',
      'bmp-rle8-black-white.bmp',
      'bmp-rle8-24.bmp',
    ].map((name) => [name, 'image_unreadable']),
  ),
  'avif-brand-heic.avif': 'image_unsupported',
  'avif-brand-unknown.avif': 'image_unsupported',
  'avif-pixi-wrong.avif': 'image_unreadable',
  'avif-unknown-essential.avif': 'image_unreadable',
  'bmp-32-fields.bmp': 'image_unsupported',
  'bmp-32-odd-fields.bmp': 'image_unsupported',
  'bmp-rle8-short.bmp': 'image_unreadable',
  'tiff-no-16-reversed.tif': 'image_unsupported',
  'tiff-no-64.tif': 'image_unsupported',
  'tiff-no-byte-compression.tif': 'image_unsupported',
  'tiff-no-cmyka.tif': 'image_unsupported',
  'tiff-no-float-width.tif': 'image_unreadable',
  'tiff-no-format0.tif': 'image_unsupported',
  'tiff-no-gray-reversed-white.tif': 'image_unsupported',
  'tiff-no-planes-extra.tif': 'image_unsupported',
  'tiff-no-predictor3.tif': 'image_unreadable',
  'tiff-no-rows-undefined.tif': 'image_unreadable',
  'tiff-no-twice.tif': 'image_unreadable',
  'tiff-no-webp.tif': 'image_unsupported',
  'tiff-ycc-odd.tif': 'image_unreadable',
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
