import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type {
  InferenceBackend,
  InferenceSession,
  LoadOptions,
  ModelSource,
  Tensors,
} from '../../src/backend/backend.ts'
import { backendConformance, type ConformanceCase } from '../../src/testing.ts'
import { placeOnDisk, plainOrtBackend } from './plain-ort-backend.ts'

let disk: Awaited<ReturnType<typeof placeOnDisk>>
beforeAll(async () => void (disk = await placeOnDisk()))
afterAll(() => disk.remove())

const suite = (create: () => InferenceBackend): readonly ConformanceCase[] =>
  backendConformance(create, { place: (bytes, name) => disk.place(bytes, name) })

describe('a right backend passes', () => {
  for (const { name, run } of suite(plainOrtBackend)) it(name, run)
})

/** The plain backend with its sessions changed. */
function withSessions(
  change: (session: InferenceSession) => Partial<InferenceSession>,
): () => InferenceBackend {
  return () => {
    const backend = plainOrtBackend()
    return {
      ...backend,
      load: async (model, options) => {
        const session = await backend.load(model, options)
        return { ...session, ...change(session) }
      },
    }
  }
}

const withLoad =
  (
    load: (backend: InferenceBackend, model: ModelSource, options: LoadOptions) => Promise<InferenceSession>,
  ) =>
  (): InferenceBackend => {
    const backend = plainOrtBackend()
    return { ...backend, load: (model, options) => load(backend, model, options) }
  }

const withRun = (
  run: (session: InferenceSession, inputs: Tensors, signal: AbortSignal | undefined) => Promise<Tensors>,
): (() => InferenceBackend) =>
  withSessions((session) => ({ run: (inputs, options) => run(session, inputs, options?.signal) }))

const WRONG: Record<string, { create: () => InferenceBackend; fails: string; message: RegExp }> = {
  'has no name': {
    create: () => ({ ...plainOrtBackend(), name: '' }),
    fails: 'has a name',
    message: /name should say/,
  },
  'answers auto with auto': {
    create: () => ({ ...plainOrtBackend(), probe: async () => ({ device: 'auto', notes: [] }) }),
    fails: 'probe: auto finds a device and never throws',
    message: /should lead to a real device, not auto/,
  },
  'falls back where a device was asked for': {
    create: () => ({ ...plainOrtBackend(), probe: async () => ({ device: 'cpu', notes: [] }) }),
    fails: 'probe: an explicit device is that device, or DeviceError device_unavailable',
    message: /probe\('cuda'\): expected "cuda", got "cpu"/,
  },
  'takes any device': {
    create: () => ({
      ...plainOrtBackend(),
      probe: async (device) => ({ device: device === 'auto' ? 'cpu' : device, notes: [] }),
    }),
    fails: 'probe: an unknown device is DeviceError device_unknown',
    message: /expected a rejection/,
  },
  'computes in less than float32': {
    create: withRun(async (session, inputs) => {
      const outputs = await session.run(inputs)
      outputs['y']?.data.forEach((value, i, data) => ((data as Float32Array)[i] = Number(value) * 1.0001))
      return outputs
    }),
    fails: 'run: float32 results are exact',
    message: /data of y: expected 23 at 0 of 4, got 23\.002/,
  },
  'gives int64 as float32': {
    create: withRun(async (session, inputs) => {
      const { next, ...outputs } = await session.run(inputs)
      return {
        ...outputs,
        ...(next
          ? {
              next: {
                dtype: 'float32',
                dims: next.dims,
                data: Float32Array.from(next.data as unknown as number[], Number),
              },
            }
          : {}),
      }
    }),
    fails: 'run: int64 in and out, several outputs',
    message: /dtype of next: expected "int64", got "float32"/,
  },
  'keeps one buffer for all outputs': {
    create: () => {
      const buffer = new Float32Array(4096)
      return withRun(async (session, inputs) => {
        const outputs = await session.run(inputs)
        if (!outputs['y'] || outputs['y'].data.length > buffer.length) return outputs
        const data = buffer.subarray(0, outputs['y'].data.length)
        data.set(outputs['y'].data as Float32Array)
        return { ...outputs, y: { dtype: 'float32', dims: outputs['y'].dims, data } }
      })()
    },
    fails: "run: outputs are the caller's, and stay as they are",
    message: /data of y/,
  },
  'scribbles on its inputs': {
    create: withRun(async (session, inputs) => {
      const outputs = await session.run(inputs)
      inputs['x']?.data.fill(0 as never)
      return outputs
    }),
    fails: 'run: inputs are left as they were',
    message: /the input after the run/,
  },
  'hands its inputs to another thread': {
    create: withRun(async (session, inputs) => {
      const outputs = await session.run(inputs)
      if (inputs['x'])
        structuredClone(inputs['x'].data, { transfer: [inputs['x'].data.buffer as ArrayBuffer] })
      return outputs
    }),
    fails: 'run: inputs are left as they were',
    message: /the input after the run: expected Float32Array/,
  },
  'sends the whole buffer of a view': {
    create: withRun((session, inputs) =>
      session.run(
        Object.fromEntries(
          Object.entries(inputs).map(([name, tensor]) => {
            const data =
              tensor.dtype === 'float32'
                ? new Float32Array(tensor.data.buffer, 0, tensor.data.length)
                : tensor.data
            return [name, { ...tensor, data } as typeof tensor]
          }),
        ),
      ),
    ),
    fails: 'run: an input may be a part of a larger buffer',
    message: /data of y: expected 77 at 0/,
  },
  'mixes up overlapping calls': {
    create: () => {
      let last: Tensors = {}
      return withRun(async (session, inputs) => {
        last = inputs
        await Promise.resolve()
        return session.run(last)
      })()
    },
    fails: 'run: overlapping calls each get their own result',
    message: /y: expected/,
  },
  'ignores the signal': {
    create: withRun((session, inputs) => session.run(inputs)),
    fails: 'abort: before the start, load and run reject with the reason',
    message: /expected a rejection/,
  },
  'hears of an abort when it is over': {
    create: withRun(async (session, inputs, signal) => {
      signal?.throwIfAborted()
      const outputs = await session.run(inputs)
      signal?.throwIfAborted()
      return outputs
    }),
    fails: 'abort: a run rejects soon, with the reason, and the session works on',
    message: /went on for \d+ ms after the abort/,
  },
  'rejects with an error of its own': {
    create: withRun(async (session, inputs, signal) =>
      session.run(inputs, { signal }).catch((error: unknown) => {
        throw signal?.aborted ? new DOMException('aborted', 'AbortError') : error
      }),
    ),
    fails: 'abort: a run rejects soon, with the reason, and the session works on',
    message: /should reject with signal.reason itself, not with AbortError/,
  },
  'throws plain errors': {
    create: withLoad((backend, model, options) =>
      backend
        .load(model, options)
        .catch((error: Error) => Promise.reject(options.signal?.aborted ? error : new Error(error.message))),
    ),
    fails: 'load: a damaged graph is a BackendError',
    message: /loading an empty graph: expected BackendError backend_failed, got Error/,
  },
  'runs after dispose': {
    create: withSessions(() => ({ dispose: async () => {} })),
    fails: 'dispose: a session, twice; then run rejects with InputError input_disposed',
    message: /run after dispose: expected a rejection/,
  },
}

describe('a wrong backend is caught', () => {
  for (const [what, { create, fails, message }] of Object.entries(WRONG)) {
    it(what, async () => {
      const { run } = suite(create).find(({ name }) => name === fails)!
      await expect(run()).rejects.toThrow(message)
    })
  }
})
