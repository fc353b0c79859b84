import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import * as transformers from '@huggingface/transformers'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { convertCheckpoints } from '../../../src/convert/index.ts'
import { HpScorer, IctScorer } from '../../../src/node.ts'
import { TransformersBackend } from '../../../src/transformers.ts'

const golden = fileURLToPath(new URL('../../../../shared/golden/', import.meta.url))

describe.skipIf(!existsSync(golden))("scores through transformers are the reference's", () => {
  let folder: string
  let expected: { images: string[]; prompts: string[]; ict: number[][]; hp: number[] }

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'icthp-transformers-'))
    const tiny = join(golden, 'tiny')
    await convertCheckpoints({
      ict: join(tiny, 'ICT'),
      hp: join(tiny, 'HP'),
      base: join(tiny, 'base'),
      out: folder,
    })
    expected = JSON.parse(await readFile(join(golden, 'scores/tiny.json'), 'utf8')) as typeof expected
  })
  afterAll(() => rm(folder, { recursive: true, force: true }))

  const furthest = (a: readonly number[], b: readonly number[]): number =>
    Math.max(...a.map((value, i) => Math.abs(value - b[i]!)))

  it('ICT and HP', async () => {
    const backend = new TransformersBackend(transformers)
    await using ict = await IctScorer.fromPretrained(folder, { backend, device: 'cpu' })
    await using hp = await HpScorer.fromPretrained(folder, { backend, device: 'cpu' })
    expect(ict.info.backend).toBe(backend.name)
    const images = expected.images.slice(0, 8).map((name) => join(golden, 'images', name))
    const matrix = await ict.matrix(images, expected.prompts)
    expect(furthest(matrix.flat(), expected.ict.slice(0, 8).flat())).toBeLessThan(2e-5)
    expect(furthest(await hp.score(images), expected.hp)).toBeLessThan(2e-5)
  })
})
