import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { decodeImage, toRgb } from '../../src/image/decode-image.ts'
import { codecSets } from './codec-sets.ts'
import { differences, expectPillow, pillowAnswers } from './pillow-pixels.ts'

// Files of every kind, drawn by scripts/fixtures/make-images.py and make-avif.py, and what Pillow makes of each.
const read = (name: string): Uint8Array =>
  readFileSync(new URL(`../fixtures/images/${name}`, import.meta.url))

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
  'tiff-no-ojpeg-height.tif': 'image_unreadable',
  'tiff-no-ojpeg-planes-one.tif': 'image_unreadable',
  'tiff-no-ojpeg-progressive.tif': 'image_unreadable',
  'tiff-no-predictor3.tif': 'image_unreadable',
  'tiff-no-rows-undefined.tif': 'image_unreadable',
  'tiff-no-twice.tif': 'image_unreadable',
  'tiff-no-webp.tif': 'image_unsupported',
  'tiff-ycc-odd.tif': 'image_unreadable',
}

for (const codecs of codecSets) {
  describe(`as Pillow, ${codecs.name}`, () => {
    test.each(Object.entries(pillowAnswers))('%s', async (name, want) => {
      const decoded = decodeImage(read(name), codecs)
      if (want.error) {
        await expect(decoded).rejects.toMatchObject({
          name: 'ImageError',
          code: refusals[name] ?? 'image_truncated',
        })
      } else {
        expectPillow(toRgb(await decoded), want)
      }
    })
  })
}

test('a wrong pixel is named, with what it should be', async () => {
  const image = toRgb(await decodeImage(read('gif-plain.gif'), codecSets[0]!))
  const data = Uint8Array.from(image.data)
  const at = 3 * (2 * image.width + 7)
  data[at + 1]! ^= 4
  const [red, green, blue] = image.data.subarray(at)
  const message = `1 of 2623 pixels are wrong: (7, 2) is ${red} ${green! ^ 4} ${blue} instead of ${red} ${green} ${blue}`
  expect(differences(data, image.data, image.width)).toBe(message)
  expect(() => expectPillow({ ...image, data }, pillowAnswers['gif-plain.gif']!)).toThrow(message)
})
