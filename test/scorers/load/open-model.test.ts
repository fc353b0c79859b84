import { expect, it } from 'vitest'
import { HP } from '../../../src/models/kinds.ts'
import type { Runtime } from '../../../src/runtime.ts'
import { openModel } from '../../../src/scorers/load/open-model.ts'

/** A runtime that must not be asked for anything. */
const untouched = new Proxy({} as Runtime, {
  get: (_, part) => {
    throw new Error(`${String(part)} was asked for`)
  },
})

it.each([
  ['batchSize', { batchSize: 0 }, 'input_invalid_option'],
  ['batchSize', { batchSize: 2.5 }, 'input_invalid_option'],
  ['threads', { threads: -1 }, 'input_invalid_option'],
  ['maxPixels', { maxPixels: Number.NaN }, 'input_invalid_option'],
  ['maxPixels', { maxPixels: 0 }, 'input_invalid_option'],
  ['dtype', { dtype: 'fp8' as never }, 'dtype_unknown'],
])('refuses %s of %j before anything is loaded', async (_, options, code) => {
  await expect(openModel(HP, 'model', untouched, options)).rejects.toMatchObject({ code })
})
