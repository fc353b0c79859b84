import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { decodeImage, toRgb } from '../../src/image/decode-image.ts'
import { cropImage, normalise } from '../../src/image/preprocess.ts'
import { sha256 } from '../sha256.ts'
import { codecSets } from './codec-sets.ts'

const folder = new URL('../../../shared/golden/', import.meta.url)
interface Golden {
  width: number
  height: number
  rgbSha256: string
  cropSha256: string
  pixelValuesSha256: string
}
const golden: Record<string, Golden> = existsSync(folder)
  ? JSON.parse(readFileSync(new URL('images.json', folder), 'utf8')).images
  : {}

for (const codecs of codecSets) {
  describe.skipIf(!existsSync(folder))(`the reference's answers, ${codecs.name}`, () => {
    test.each(Object.entries(golden))('%s', async (name, want) => {
      const bytes = readFileSync(new URL(`images/${name}`, folder))
      const image = await decodeImage(bytes, codecs)
      const crop = cropImage(image, { size: 224 })
      expect({
        width: image.width,
        height: image.height,
        rgbSha256: sha256(toRgb(image).data),
        cropSha256: sha256(crop.data),
        pixelValuesSha256: sha256(normalise(crop).data),
      }).toEqual({
        width: want.width,
        height: want.height,
        rgbSha256: want.rgbSha256,
        cropSha256: want.cropSha256,
        pixelValuesSha256: want.pixelValuesSha256,
      })
    })
  })
}
