import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { convertCheckpoints, writeRandomCheckpoint } from '../../src/convert/index.ts'
import { bundledFolder } from '../../src/models/bundled-folder-node.ts'
import { DEMO_NOTE, findDefaultModel } from '../../src/models/default-model-node.ts'
import { HpScorer, IctScorer } from '../../src/node.ts'

const bundled = vi.hoisted(() => ({ demo: undefined as string | undefined }))
vi.mock('../../src/models/bundled-folder-node.ts', async (original) => {
  const real = await original<{ bundledFolder(name: string): string | undefined }>()
  return { bundledFolder: (name: string) => (name === 'demo' ? bundled.demo : real.bundledFolder(name)) }
})

let folder: string
let official: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'icthp-demo-'))
  official = join(folder, 'cache/icthp/models/official')
  bundled.demo = join(folder, 'demo')
  vi.stubEnv('XDG_CACHE_HOME', join(folder, 'cache'))
  vi.stubEnv('ICTHP_MODEL', '')
})
afterEach(() => {
  vi.unstubAllEnvs()
  rmSync(folder, { recursive: true, force: true })
})

test('$ICTHP_MODEL goes before what was pulled, that before the demo model, which alone has a note', () => {
  expect(findDefaultModel()).toEqual({ source: bundled.demo, notes: [DEMO_NOTE] })
  mkdirSync(official, { recursive: true })
  expect(findDefaultModel()).toEqual({ source: official, notes: [] })
  expect(findDefaultModel({ ICTHP_MODEL: 'mine' })).toEqual({ source: 'mine', notes: [] })
})

test('without a demo model it is the folder of `icthp pull`, and opening it says what to do', async () => {
  bundled.demo = undefined
  expect(findDefaultModel()).toEqual({ source: official, notes: [] })
  await expect(HpScorer.fromPretrained()).rejects.toMatchObject({
    code: 'model_not_found',
    message: expect.stringContaining('icthp pull'),
  })
})

test('fromPretrained() runs the demo model and says so in one line; a named model has no such note', async () => {
  const from = (name: string): string => join(folder, 'random', name)
  await writeRandomCheckpoint(join(folder, 'random'), { size: 'tiny', seed: 0 })
  await convertCheckpoints({
    ict: from('ICT'),
    hp: from('HP'),
    base: from('base'),
    out: bundled.demo!,
    origins: { ict: { repository: 'demo/ICT' } },
  })
  await using ict = await IctScorer.fromPretrained(undefined, { device: 'cpu' })
  await using hp = await HpScorer.fromPretrained(undefined, { device: 'cpu' })
  await using named = await HpScorer.fromPretrained(bundled.demo, { device: 'cpu' })
  expect(ict.info).toMatchObject({ model: 'demo/ICT', source: bundled.demo, notes: [DEMO_NOTE] })
  expect([hp.info.notes, named.info.notes]).toEqual([[DEMO_NOTE], []])
  expect(DEMO_NOTE).toMatch(/^[^\n]*demo model[^\n]*`npx icthp pull`[^\n]*$/)
})

test('folders of the package are found from source', () => {
  expect(bundledFolder('calibration')).toMatch(/[\\/]models[\\/]calibration$/)
})
