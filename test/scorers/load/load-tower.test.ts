import { expect, test } from 'vitest'
import type { InferenceBackend } from '../../../src/backend/backend.ts'
import type { ModelFolder } from '../../../src/hub/hub.ts'
import type { ModelManifest } from '../../../src/models/manifest.ts'
import { loadTower } from '../../../src/scorers/encode/tower.ts'

const digest = { size: 1, sha256: '0'.repeat(64) }
const manifest = {
  kind: 'ict',
  name: 'a',
  towers: { vision: { fp32: { model: 'v.onnx', externalData: ['v.onnx_data'] } } },
  files: { 'v.onnx': digest, 'v.onnx_data': digest },
} as unknown as ModelManifest

/** A folder whose files are checked while they are loaded, and a backend that tells what it did. */
function parts(
  checks: Record<string, Promise<void>>,
  asks = true,
): { load(): Promise<unknown>; log: string[]; backend: InferenceBackend } {
  const log: string[] = []
  const folder = {
    source: 'a',
    file: async (path: string) => {
      log.push(`fetch ${path}`)
      return { path, checked: checks[path] }
    },
  } as unknown as ModelFolder
  const backend: InferenceBackend = {
    name: 'test',
    probe: async () => ({ device: 'cpu', notes: [] }),
    load: async (model) => {
      if (asks) await model.files()
      log.push('load')
      return { run: async () => ({}), dispose: async () => void log.push('dispose') }
    },
    dispose: async () => {},
  }
  return {
    log,
    backend,
    load: () => loadTower(folder, '', manifest, 'vision', { backend, device: 'cpu', dtype: 'fp32' }),
  }
}

const wrong = (): Promise<void> => {
  const checked = new Promise<void>((_, reject) => setTimeout(() => reject(new Error('wrong bytes')), 20))
  checked.catch(() => {})
  return checked
}

test('data that turns out wrong while it is loaded: the session is disposed, the error comes through', async () => {
  const { load, log } = parts({ 'v.onnx': Promise.resolve(), 'v.onnx_data': wrong() })
  await expect(load()).rejects.toThrow('wrong bytes')
  expect(log).toEqual(['fetch v.onnx_data', 'fetch v.onnx', 'load', 'dispose'])
})

test('a graph that is not the right one is never handed to the backend', async () => {
  const { load, log } = parts({ 'v.onnx': wrong(), 'v.onnx_data': Promise.resolve() })
  await expect(load()).rejects.toThrow('wrong bytes')
  expect(log).toEqual(['fetch v.onnx_data', 'fetch v.onnx'])
})

test('what a backend makes of files that cannot be had does not hide why', async () => {
  const { load, log, backend } = parts({ 'v.onnx': wrong(), 'v.onnx_data': Promise.resolve() })
  const { load: inner } = backend
  backend.load = (model, options) => inner(model, options).catch(() => Promise.reject(new Error('no luck')))
  await expect(load()).rejects.toThrow('wrong bytes')
  expect(log).not.toContain('load')
})

test('a backend that asks for no files gets none, and is asked for its tower by name', async () => {
  const { load, log, backend } = parts({}, false)
  const { load: inner } = backend
  let asked: string | undefined
  backend.load = (model, options) => {
    asked = model.tower
    return inner(model, options)
  }
  await load()
  expect([asked, log]).toEqual(['ict_vision', ['load']])
})
