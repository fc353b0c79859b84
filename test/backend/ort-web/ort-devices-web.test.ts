import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { OrtWebBackend } from '../../../src/backend/ort-web/ort-backend-web.ts'
import type { IcthpError } from '../../../src/base/errors.ts'
import { HP } from '../../../src/models/kinds.ts'
import type { Runtime } from '../../../src/runtime.ts'
import { openModel } from '../../../src/scorers/load/open-model.ts'
import { serve } from '../../../src/worker/worker-web.ts'

/** GPUs and runtimes that never answer, behind the real worker's code. */
const NEVER = new Promise<never>(() => {})

/** An onnxruntime-web of which sessions on WebGPU are never ready. */
const HANGING_ORT = `data:text/javascript,${encodeURIComponent(`
  export const env = { wasm: {}, versions: { web: '1.0.0' } }
  export class Tensor {}
  export const InferenceSession = {
    create: (model, { executionProviders: [device] }) => device === 'webgpu' ? new Promise(() => {}) : Promise.resolve({ release: async () => {} }),
  }`)}`

let workers: { ended: boolean }[]
class FakeWorker {
  readonly #port: MessagePort
  readonly #state = { ended: false }

  constructor() {
    const { port1, port2 } = new MessageChannel()
    this.#port = port1
    workers.push(this.#state)
    serve(port2 as never)
  }

  addEventListener(type: string, listener: (event: MessageEvent) => void): void {
    if (type !== 'message') return
    this.#port.addEventListener('message', listener)
    this.#port.start()
  }

  postMessage(message: object): void {
    const ort = {
      'onnxruntime-web/jspi': HANGING_ORT,
      'onnxruntime-web/webgpu': HANGING_ORT,
      'onnxruntime-web/wasm': HANGING_ORT,
    }
    this.#port.postMessage('modules' in message ? { ...message, modules: ort } : message)
  }

  terminate(): void {
    this.#state.ended = true
    this.#port.close()
  }
}

beforeEach(() => {
  workers = []
  vi.stubGlobal('Worker', FakeWorker)
  vi.stubGlobal('location', { href: 'http://localhost/' })
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
})
afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

const gpu = (requestAdapter: () => Promise<unknown>): void =>
  void vi.stubGlobal('navigator', { gpu: { requestAdapter }, hardwareConcurrency: 2 })

/** Lets messages pass, then time. */
async function pass(milliseconds: number): Promise<void> {
  for (let i = 0; i < 50; i++) await new Promise((resolve) => setImmediate(resolve))
  await vi.advanceTimersByTimeAsync(milliseconds)
}

test('a browser that never says which GPU there is: auto goes on without it', async () => {
  gpu(() => NEVER)
  const backend = new OrtWebBackend()
  const probed = backend.probe('auto')
  await pass(10_000)
  const { device, notes } = await probed
  expect(device).toBe('wasm')
  expect(notes[0]).toBe('webgpu is not available: the GPU has not answered in 10 s')
  expect(workers).toEqual([{ ended: false }])
  const asked = backend.probe('webgpu').catch((error: unknown) => error as IcthpError)
  await pass(10_000)
  expect(await asked).toMatchObject({
    code: 'device_unavailable',
    message: expect.stringContaining('has not answered in 10 s') as string,
  })
  await backend.dispose()
})

test('a GPU on which the runtime hangs: its worker is ended, and auto goes on in another', async () => {
  gpu(() => Promise.resolve({ info: {} }))
  const backend = new OrtWebBackend()
  const probed = backend.probe('auto')
  await pass(30_000)
  expect(await probed).toMatchObject({
    device: 'wasm',
    notes: [
      'webgpu is not available: the GPU has not answered in 30 s',
      'auto took wasm',
      expect.any(String),
    ],
  })
  expect(workers).toEqual([{ ended: true }, { ended: false }])
  await backend.dispose()
})

test('asked for by name it is given more time, and refused', async () => {
  gpu(() => Promise.resolve({ info: {} }))
  const backend = new OrtWebBackend()
  const probed = backend.probe('webgpu').catch((error: unknown) => error as IcthpError)
  await pass(119_000)
  expect(await Promise.race([probed, 'waits'])).toBe('waits')
  await pass(1000)
  expect(await probed).toMatchObject({
    code: 'device_unavailable',
    message: expect.stringContaining("device: 'auto'") as string,
  })
  expect(workers).toEqual([{ ended: true }])
  await backend.dispose()
})

test('the signal of a load ends the wait for a device', async () => {
  const controller = new AbortController()
  const runtime = { backend: { name: 'silent', probe: () => NEVER } } as unknown as Runtime
  const opening = openModel(HP, 'model', runtime, { signal: controller.signal })
  controller.abort()
  await expect(opening).rejects.toMatchObject({ name: 'AbortError' })
})
