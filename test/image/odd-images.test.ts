import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { decodeImage, toRgb } from '../../src/image/decode-image.ts'
import { codecSets } from './codec-sets.ts'

// Small files that are cut, damaged or put together oddly, and what Pillow makes of each (scripts/fixtures/make-odd-images.py).
interface OddImage {
  readonly base64: string
  readonly width?: number
  readonly height?: number
  readonly rgbSha256?: string
  /** Pillow refuses it. */
  readonly error?: string
}
const files = JSON.parse(
  readFileSync(new URL('../fixtures/odd-images.json', import.meta.url), 'utf8'),
) as Record<string, OddImage>

describe.each(codecSets)('odd files, $name', (codecs) => {
  test.each(Object.entries(files))('%s', async (_, { base64, error, ...want }) => {
    const decoded = decodeImage(Buffer.from(base64, 'base64'), codecs)
    if (error !== undefined) {
      await expect(decoded, error).rejects.toMatchObject({ name: 'ImageError' })
      return
    }
    const { data, width, height } = toRgb(await decoded)
    expect({ width, height, rgbSha256: createHash('sha256').update(data).digest('hex') }).toEqual(want)
  })
})
