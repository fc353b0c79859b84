import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { convertCheckpoints } from '../../src/convert/index.ts'
import type { Dtype } from '../../src/models/manifest.ts'
import { cosine } from '../../src/models/self-test.ts'
import { HpScorer, IctScorer } from '../../src/node.ts'

/**
 * The least cosine that an embedding of the shared tiny checkpoint may have to that of float32: what is asked of the large
 * towers, where it is easier, since rounding errors are independent and cancel over a tower's width. Calibration has seen
 * other images and prompts.
 */
const LEAST = { fp16: 0.99999, int8: 0.9995, q8: 0.9995, q4: 0.99, q4f16: 0.99 } as const

const golden = fileURLToPath(new URL('../../../shared/golden/', import.meta.url))

describe.skipIf(!existsSync(golden))('embeddings in other precisions, beside float32', () => {
  let folder: string
  let images: string[]
  let prompts: string[]
  let right: Awaited<ReturnType<typeof embed>>

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'icthp-loss-'))
    const answers = JSON.parse(await readFile(join(golden, 'scores/tiny.json'), 'utf8')) as {
      images: string[]
      prompts: string[]
    }
    images = answers.images.map((name) => join(golden, 'images', name))
    prompts = answers.prompts
    const tiny = (name: string): string => join(golden, 'tiny', name)
    const dtypes = ['fp32', ...(Object.keys(LEAST) as Dtype[])] as const
    await convertCheckpoints({ ict: tiny('ICT'), hp: tiny('HP'), base: tiny('base'), out: folder, dtypes })
    right = await embed('fp32')
  })
  afterAll(() => rm(folder, { recursive: true, force: true }))

  async function embed(dtype: Dtype): Promise<Record<'ict' | 'texts' | 'hp', Float32Array[]>> {
    await using ict = await IctScorer.fromPretrained(folder, { device: 'cpu', dtype })
    await using hp = await HpScorer.fromPretrained(folder, { device: 'cpu', dtype })
    return {
      ict: await ict.embedImages(images),
      texts: await ict.embedTexts(prompts),
      hp: await hp.embedImages(images),
    }
  }

  it.each(Object.entries(LEAST) as [keyof typeof LEAST, number][])(
    '%s keeps a cosine of %d',
    async (dtype, least) => {
      const got = await embed(dtype)
      for (const kind of ['ict', 'texts', 'hp'] as const) {
        const cosines = got[kind].map((values, i) => cosine(values, right[kind][i]!))
        expect(Math.min(...cosines), kind).toBeGreaterThan(least)
        // Another precision did run.
        expect(Math.min(...cosines), kind).toBeLessThan(1 - 1e-8)
      }
    },
  )
})
