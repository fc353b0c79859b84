import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import * as ortWeb from 'onnxruntime-web/wasm'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { attentionInput, attentionModel } from '../../../src/backend/attention-check.ts'
import { modelOfFiles } from '../../../src/backend/model-of-files.ts'
import { type OrtApi } from '../../../src/backend/run-ort-session.ts'
import { OrtBackend } from '../../../src/ort.ts'
import { backendConformance } from '../../../src/testing.ts'
import { placeOnDisk } from '../../testing/plain-ort-backend.ts'

const ortNode = createRequire(import.meta.url)('onnxruntime-node') as OrtApi
const modules = [
  ['onnxruntime-node', ortNode, 'cpu', undefined],
  ['onnxruntime-web', ortWeb as OrtApi, 'wasm', (path: string) => readFile(path)],
] as const

let disk: Awaited<ReturnType<typeof placeOnDisk>>
beforeAll(async () => {
  ortWeb.env.logLevel = 'fatal'
  ortWeb.env.wasm.numThreads = 1
  disk = await placeOnDisk()
})
afterAll(() => disk.remove())

describe.each(modules)('%s', (name, ort, cpu, read) => {
  describe('conformance, Blobs', () => {
    for (const { name, run } of backendConformance(() => new OrtBackend(ort))) it(name, run)
  })

  describe('conformance, files', () => {
    const cases = backendConformance(() => new OrtBackend(ort, { read }), {
      place: (bytes, path) => disk.place(bytes, path),
      device: cpu,
    })
    for (const { name, run } of cases.filter(({ name }) => name.startsWith('load'))) it(name, run)
  })

  it('says its name, and what auto comes to', async () => {
    const backend = new OrtBackend(ort)
    const { env } = ort
    expect(backend.name).toBe(`${name} ${env.versions.node ?? env.versions.web}`)
    expect(await backend.probe('auto')).toEqual({ device: cpu, notes: [`auto took ${cpu}`] })
  })

  it('tries what is preferred first, and says why it is not taken', async () => {
    const { device, notes } = await new OrtBackend(ort, { prefer: ['coreml'] }).probe('auto')
    expect(device).toBe(cpu)
    expect(notes).toEqual([expect.stringMatching(/^coreml is not available: /), `auto took ${cpu}`])
  })
})

it('takes two of them side by side, each on its own module', async () => {
  const sessions = await Promise.all(
    modules.map(async ([, ort, device]) => {
      const blob = new Blob([attentionModel(check).slice()])
      return new OrtBackend(ort).load(modelOfFiles('x', { blob }), { device })
    }),
  )
  const [one, other] = await Promise.all(sessions.map((session) => session.run(attentionInput(check))))
  const off = one!['y']!.data.map(
    (value, i) => Math.abs(Number(value) - Number(other!['y']!.data[i])) as never,
  )
  expect(Math.max(...(off as Float32Array))).toBeLessThan(1e-5)
  await Promise.all(sessions.map((session) => session.dispose()))
})

it('wants a module', () => {
  for (const wrong of [
    undefined,
    null,
    {},
    { default: ortNode },
    { InferenceSession: {}, Tensor: class {} },
  ]) {
    expect(() => new OrtBackend(wrong as never)).toThrow(
      expect.objectContaining({ name: 'InputError', code: 'input_invalid_option' }),
    )
  }
})

it('names a module that tells no version', () => {
  const { InferenceSession, Tensor } = ortNode
  expect(new OrtBackend({ InferenceSession, Tensor }).name).toBe('onnxruntime')
  const env = { versions: { common: '1.20.0' } } as never
  expect(new OrtBackend({ InferenceSession, Tensor, env }).name).toBe('onnxruntime 1.20.0')
  const native = { versions: { common: '1.20.0', 'react-native': '1.24.3' } } as never
  expect(new OrtBackend({ InferenceSession, Tensor, env: native }).name).toBe(
    'onnxruntime-react-native 1.24.3',
  )
})

const check = { tokens: 4, heads: 2, head: 8, causal: false }

/** onnxruntime-node under other device names: keeps what it was asked for, and may spoil fused attention. */
function disguised({ spoiled = false }: { readonly spoiled?: boolean } = {}): {
  ort: Pick<OrtApi, 'InferenceSession' | 'Tensor'>
  created: { fused: boolean; options: Record<string, unknown> }[]
} {
  const created: { fused: boolean; options: Record<string, unknown> }[] = []
  const create = async (graph: Uint8Array, options: Record<string, unknown>): Promise<unknown> => {
    const fused = Buffer.from(graph).includes('MultiHeadAttention')
    created.push({ fused, options })
    const session = await ortNode.InferenceSession.create(graph, {})
    return {
      run: async (feeds: never) => {
        const results = await session.run(feeds)
        if (spoiled && fused) (results['y']!.data as Float32Array)[0]! += 1
        return results
      },
      release: () => session.release(),
    }
  }
  return { ort: { InferenceSession: { create } as never, Tensor: ortNode.Tensor }, created }
}

it('writes attention out where the fused one of a GPU is wrong', async () => {
  for (const spoiled of [false, true]) {
    const { ort, created } = disguised({ spoiled })
    const backend = new OrtBackend(ort)
    const blob = new Blob([attentionModel(check).slice()])
    const session = await backend.load(modelOfFiles('x', { blob }), { device: 'webgpu', threads: 2 })
    expect(created.at(-1)).toMatchObject({
      fused: !spoiled,
      options: { executionProviders: ['webgpu'], intraOpNumThreads: 2 },
    })
    await session.dispose()
  }
})

it('has the CPU in reserve for a preferred device, and takes session options of its own', async () => {
  const { ort, created } = disguised()
  const backend = new OrtBackend(ort, {
    prefer: ['coreml'],
    sessionOptions: (device) => ({ executionProviders: ['xnnpack', device] }),
  })
  expect(await backend.probe('auto')).toEqual({
    device: 'coreml',
    fallback: 'cpu',
    notes: ['auto took coreml'],
  })
  expect(created.map(({ options }) => options['executionProviders'])).toEqual([
    ['xnnpack', 'coreml'],
    ['xnnpack', 'cpu'],
  ])
})

it('wants external data beside a graph that the runtime reads itself', async () => {
  const { ort } = disguised()
  const source = modelOfFiles('x', { path: '/models/a/x.onnx' }, [
    { name: 'x.onnx_data', file: { path: '/models/b/x.onnx_data' } },
  ])
  await expect(new OrtBackend(ort).load(source, { device: 'cpu' })).rejects.toMatchObject({
    name: 'BackendError',
    code: 'backend_failed',
    message: expect.stringContaining('must lie beside it, in /models/a/') as string,
  })
})

it('imports no platform and no runtime', async () => {
  const seen = new Set<string>()
  const read = async (file: URL): Promise<void> => {
    if (seen.has(file.href)) return
    seen.add(file.href)
    for (const [, name] of (await readFile(file, 'utf8')).matchAll(
      /^(?:import|export) (?!type)[^']*? from '([^']+)'/gm,
    )) {
      expect(name).toMatch(/^\.|^@noble/)
      if (name!.startsWith('.')) await read(new URL(name!, file))
    }
  }
  await read(new URL('../../../src/ort.ts', import.meta.url))
  expect(seen.size).toBeGreaterThan(5)
})
