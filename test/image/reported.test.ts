import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import type { ImageCodecs } from '../../src/image/codecs/image-codecs.ts'
import { decodeImage, toRgb } from '../../src/image/decode-image.ts'
import { cropImage, normalise } from '../../src/image/preprocess.ts'
import { sha256 } from '../sha256.ts'
import { codecSets } from './codec-sets.ts'

// Files of kinds that people reported as refused, wrong or slow, and what Pillow says of each.
const folder = new URL('../../../shared/golden/', import.meta.url)
interface Reported {
  width: number
  height: number
  rgbSha256: string
  /** Absent where a side is extreme. */
  pixelValuesSha256?: string
  /** Pillow refuses the file, in these words. */
  refused?: string
}
const reported: Record<string, Reported> = existsSync(folder)
  ? JSON.parse(readFileSync(new URL('reported.json', folder), 'utf8')).files
  : {}

/**
 * Files that do not get Pillow's answer yet, and in which path. Each must still fail: what is mended is taken off the list.
 * docs/fidelity.md has the reasons.
 */
const open = JSON.parse(readFileSync(new URL('reported-open.json', import.meta.url), 'utf8')) as Record<
  string,
  'both' | 'sharp' | 'wasm'
>
const isOpen = (name: string, codecs: string): boolean =>
  open[name] === 'both' || (open[name] !== undefined && codecs.startsWith(open[name]))

for (const codecs of codecSets) {
  const files = Object.entries(reported)
  describe.skipIf(!existsSync(folder))(`reported files, ${codecs.name}`, () => {
    test.each(files.filter(([name]) => !isOpen(name, codecs.name)))('%s', (name, want) =>
      answersAs(name, want, codecs),
    )
    test.fails.each(files.filter(([name]) => isOpen(name, codecs.name)))('not yet: %s', (name, want) =>
      answersAs(name, want, codecs),
    )
  })
}

async function answersAs(name: string, want: Reported, codecs: ImageCodecs): Promise<void> {
  const bytes = readFileSync(new URL(`reported/${name}`, folder))
  const decoded = decodeImage(bytes, codecs)
  if (want.refused !== undefined) {
    await expect(decoded, want.refused).rejects.toMatchObject({ name: 'ImageError' })
    return
  }
  const image = await decoded
  expect({ width: image.width, height: image.height }).toEqual({ width: want.width, height: want.height })
  const rgb = toRgb(image).data
  expect(sha256(rgb)).toBe(want.rgbSha256)
  if (want.pixelValuesSha256 !== undefined) {
    expect(sha256(normalise(cropImage(image, { size: 224 })).data)).toBe(want.pixelValuesSha256)
  }
}
