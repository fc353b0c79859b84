import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import type { InferenceBackend, Tensors } from '../../../src/backend/backend.ts'
import { HP, ICT } from '../../../src/models/kinds.ts'
import type { Runtime } from '../../../src/runtime.ts'
import { loadScorers } from '../../../src/scorers/load/load-scorers.ts'

const DEMO = new URL('../../../models/demo/', import.meta.url)

/** A runtime for the demo model whose towers answer nothing; what is loaded and freed is logged. */
function logging(broken?: string): { runtime: Runtime; log: string[] } {
  const log: string[] = []
  const backend: InferenceBackend = {
    name: 'logging',
    probe: async () => ({ device: 'cpu', notes: [] }),
    load: async ({ tower }) => {
      if (tower === broken) throw new Error(`no ${tower}`)
      log.push(`load ${tower}`)
      return {
        run: (): Promise<Tensors> => Promise.reject(new Error('not needed')),
        dispose: async () => void log.push(`free ${tower}`),
      }
    },
    dispose: async () => void log.push('free backend'),
  }
  const hub: Runtime['hub'] = {
    open: async (source) => ({
      source,
      readText: (path) => readFile(new URL(path, DEMO), 'utf8').catch(() => undefined),
      file: async (path) => ({ path }),
    }),
  }
  const decoder = { name: 'none', dispose: async () => void log.push('free decoder') }
  return { runtime: { backend, decoder: decoder as unknown as Runtime['decoder'], hub }, log }
}

test('loads scorers in the order of their records on one backend, and frees them, once, but not what they run on', async () => {
  const { runtime, log } = logging()
  const loaded = await loadScorers([ICT, HP], 'demo', runtime, { selfTest: false, notes: ['chosen so'] })
  expect(loaded.scorers.map(({ kind }) => kind.name)).toEqual(['ict', 'hp'])
  expect(loaded.reader).toBe(loaded.scorers[0])
  expect(loaded.scorers[1]!.info).toMatchObject({ source: 'demo', backend: 'logging', notes: ['chosen so'] })
  {
    await using same = loaded
    await same.dispose()
  }
  const loads = ['load ict_vision', 'load ict_text', 'load hp_vision']
  expect(log).toEqual([...loads, 'free hp_vision', 'free ict_vision', 'free ict_text'])
})

test('has no reader where no model takes a prompt', async () => {
  const { runtime } = logging()
  expect((await loadScorers([HP], 'demo', runtime, { selfTest: false })).reader).toBeUndefined()
})

test('frees what was loaded where a later one cannot be', async () => {
  const { runtime, log } = logging('hp_vision')
  await expect(loadScorers([ICT, HP], 'demo', runtime, { selfTest: false })).rejects.toThrow('no hp_vision')
  expect(log).toEqual(['load ict_vision', 'load ict_text', 'free ict_vision', 'free ict_text'])
})
