import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { parseManifest, sealManifest } from '../../src/models/manifest.ts'

const demo = readFileSync(new URL('../../models/demo/ict/icthp.json', import.meta.url), 'utf8')
const sealed = sealManifest(parseManifest(demo, 'icthp.json'))

describe('the checksum of a manifest', () => {
  test('lets pass what was written, in any layout', () => {
    expect(parseManifest(JSON.stringify(sealed), 'x')).toEqual(sealed)
    expect(parseManifest(JSON.stringify(sealed, null, '\t'), 'x')).toEqual(sealed)
    expect(sealManifest(sealed)).toEqual(sealed)
  })

  test.each([
    ['mean', { preprocess: { ...sealed.preprocess, mean: [0.5, 0.5, 0.5] } }],
    ['contextLength', { contextLength: 76 }],
    ['selfTest', { selfTest: {} }],
    ['name', { name: 'another' }],
    [
      'mean, with the checksum taken off,',
      { preprocess: { ...sealed.preprocess, mean: [0.5, 0.5, 0.5] }, checksum: undefined },
    ],
  ])('refuses one whose %s was edited', (_, change) => {
    expect(() => parseManifest(JSON.stringify({ ...sealed, ...change }), 'icthp.json')).toThrow(
      expect.objectContaining({
        code: 'model_invalid_manifest',
        message: expect.stringMatching(/changed after it was written.*Convert/),
      }),
    )
  })
})
