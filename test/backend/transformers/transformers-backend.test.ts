import * as transformers from '@huggingface/transformers'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { modelOfFiles } from '../../../src/backend/model-of-files.ts'
import { backendConformance } from '../../../src/testing.ts'
import { TransformersBackend } from '../../../src/transformers.ts'
import { placeOnDisk } from '../../testing/plain-ort-backend.ts'

let disk: Awaited<ReturnType<typeof placeOnDisk>>
beforeAll(async () => {
  // It prints every input of a run that fails.
  transformers.env.logLevel = transformers.LogLevel.NONE
  disk = await placeOnDisk()
})
afterAll(() => disk.remove())

describe('conformance', () => {
  const cases = backendConformance(() => new TransformersBackend(transformers), {
    place: (bytes, name) => disk.place(bytes, name),
    device: 'cpu',
  })
  for (const { name, run } of cases) it(name, run)
})

it('names its version', () => {
  expect(new TransformersBackend(transformers).name).toBe(
    `@huggingface/transformers ${transformers.env.version}`,
  )
})

it('wants the module', () => {
  for (const wrong of [undefined, {}, { default: transformers }]) {
    expect(() => new TransformersBackend(wrong as never)).toThrow(
      expect.objectContaining({ name: 'InputError', code: 'input_invalid_option' }),
    )
  }
})

it('says that it reads files, and those that end in .onnx', async () => {
  const backend = new TransformersBackend(transformers)
  const load = (graph: { path: string } | { blob: Blob }): Promise<unknown> =>
    backend.load(modelOfFiles('x', graph), { device: 'cpu' })
  await expect(load({ blob: new Blob([]) })).rejects.toMatchObject({
    name: 'BackendError',
    code: 'backend_failed',
    message: expect.stringContaining('Write it to a folder first') as string,
  })
  await expect(load({ path: '/models/model.ort' })).rejects.toMatchObject({
    code: 'backend_failed',
    message: expect.stringContaining('.onnx') as string,
  })
})
