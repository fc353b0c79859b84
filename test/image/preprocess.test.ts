import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import {
  CLIP_PREPROCESS,
  cropImage,
  normalise,
  normaliseInto,
  preprocess,
} from '../../src/image/preprocess.ts'
import type { RawImage } from '../../src/image/raw-image.ts'
import { sha256 } from '../sha256.ts'

/** The noise that scripts/fixtures/make-resizes.py draws, too. */
function noise(width: number, height: number, channels: 1 | 2 | 3 | 4): RawImage {
  const data = new Uint8Array(width * height * channels)
  for (let i = 0; i < data.length; i++) data[i] = (Math.imul(i, 2654435761) >>> 13) & 255
  return { data, width, height, channels }
}

interface Case {
  width: number
  height: number
  channels: 1 | 2 | 3 | 4
  size: number
  cropSha256: string
  pixelValuesSha256: string
}
const { cases } = JSON.parse(
  readFileSync(new URL('../fixtures/images/resizes.json', import.meta.url), 'utf8'),
) as {
  cases: Case[]
}

describe.each(['wasm', 'js'] as const)('cropImage equals Pillow, %s', (engine) => {
  test.each(cases)(
    '$width × $height × $channels → $size',
    ({ width, height, channels, size, cropSha256, pixelValuesSha256 }) => {
      const crop = cropImage(noise(width, height, channels), { size }, engine)
      expect(sha256(crop.data)).toBe(cropSha256)
      expect(crop).toMatchObject({ size, width, height })
      expect(sha256(new Uint8Array(normalise(crop).data.buffer))).toBe(pixelValuesSha256)
    },
  )
})

test('preprocess is the crop, normalised', () => {
  const image = noise(50, 40, 3)
  const values = preprocess(image)
  expect(values.dims).toEqual([3, 224, 224])
  expect(values.data).toEqual(normalise(cropImage(image, CLIP_PREPROCESS)).data)
})

test('normaliseInto writes into a batch', () => {
  const crop = cropImage(noise(9, 9, 3), { size: 4 })
  const batch = new Float32Array(3 * 48)
  normaliseInto(crop, CLIP_PREPROCESS, batch, 48)
  expect(batch.subarray(48, 96)).toEqual(normalise(crop).data)
  expect(batch.subarray(0, 48).every((value) => value === 0)).toBe(true)
  expect(() => normaliseInto(crop, CLIP_PREPROCESS, batch, 97)).toThrow(RangeError)
})

test('a Uint8ClampedArray and a view into a longer buffer are images as well', () => {
  const image = noise(7, 5, 4)
  const want = cropImage(image, { size: 8 }).data
  expect(cropImage({ ...image, data: new Uint8ClampedArray(image.data) }, { size: 8 }).data).toEqual(want)
  const long = new Uint8Array(1000)
  long.set(image.data, 3)
  expect(cropImage({ ...image, data: long.subarray(3, 3 + 140) }, { size: 8 }).data).toEqual(want)
})

const data = new Uint8Array(12)
test.each([
  [{ data, width: 0, height: 2, channels: 3 }, 'image_zero_size'],
  [{ data, width: 2, height: 3, channels: 3 }, 'image_invalid_raw'],
  [{ data, width: 2, height: 2, channels: 5 }, 'image_invalid_raw'],
  [{ data, width: 2.5, height: 2, channels: 3 }, 'image_invalid_raw'],
  [{ data, width: NaN, height: 2, channels: 3 }, 'image_invalid_raw'],
  [{ data: new Float32Array(12), width: 2, height: 2, channels: 3 }, 'image_invalid_raw'],
  [{ data: undefined, width: 2, height: 2, channels: 3 }, 'image_invalid_raw'],
])('refuses %o', (image, code) => {
  expect(() => preprocess(image as unknown as RawImage)).toThrow(
    expect.objectContaining({ name: 'ImageError', code }),
  )
})
