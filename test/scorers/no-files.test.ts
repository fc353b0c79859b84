import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import type { InferenceBackend, Tensor } from '../../src/backend/backend.ts'
import type { ModelFolder } from '../../src/hub/hub.ts'
import { ICT } from '../../src/models/kinds.ts'
import type { ModelManifest } from '../../src/models/manifest.ts'
import type { Runtime } from '../../src/runtime.ts'
import { loadScorer } from '../../src/scorers/load/load-scorer.ts'

const DEMO = new URL('../../models/demo/', import.meta.url)
const manifest = JSON.parse(await readFile(new URL('ict/icthp.json', DEMO), 'utf8')) as ModelManifest

/** Answers the self-test with what conversion stored, times `sign`, and asks for no file. */
function answering(sign: number): { runtime: Runtime; asked: string[] } {
  const asked: string[] = []
  const folder: ModelFolder = {
    source: 'demo',
    expect: async () => void asked.push('expect'),
    readText: async (path) => {
      asked.push(path)
      return readFile(new URL(path, DEMO), 'utf8').catch(() => undefined)
    },
    file: async (path) => {
      asked.push(path)
      throw new Error('no file may be asked for')
    },
  }
  const embeds = (stored: readonly number[]): Tensor => {
    const data = new Float32Array(manifest.projectionDim)
    data.set(stored.map((value) => value * sign))
    return { dtype: 'float32', dims: [1, data.length], data }
  }
  const { vision, text } = manifest.selfTest
  const backend: InferenceBackend = {
    name: 'elsewhere',
    probe: async () => ({ device: 'remote', notes: [] }),
    load: async ({ tower }) => {
      asked.push(`load ${tower}`)
      return {
        run: async ({ pixel_values: pixels }): Promise<Record<string, Tensor>> => {
          asked.push('run')
          return pixels ? { image_embeds: embeds(vision!) } : { text_embeds: embeds(text!) }
        },
        dispose: async () => {},
      }
    },
    dispose: async () => {},
  }
  return {
    asked,
    runtime: { backend, decoder: {} as Runtime['decoder'], hub: { open: async () => folder } },
  }
}

test('a backend that asks for no files causes no download; manifest and self-test are as always', async () => {
  const { runtime, asked } = answering(1)
  const { info } = await loadScorer(ICT, 'demo', runtime, {})
  expect(asked).toEqual(['ict/icthp.json', 'load ict_vision', 'run', 'load ict_text', 'run'])
  expect(info).toMatchObject({ device: 'remote', dtype: 'q8', batchSize: 8, backend: 'elsewhere' })
})

test('a wrong model elsewhere is refused by the self-test', async () => {
  const { runtime } = answering(-1)
  await expect(loadScorer(ICT, 'demo', runtime, {})).rejects.toMatchObject({
    code: 'model_self_test_failed',
    details: { device: 'remote', cosine: expect.closeTo(-1) },
  })
})
