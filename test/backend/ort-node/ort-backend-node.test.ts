import { mkdtemp, open, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  DEVICES,
  type InferenceSession,
  type ModelSource,
  type Tensors,
} from '../../../src/backend/backend.ts'
import { modelOfFiles } from '../../../src/backend/model-of-files.ts'
import { OrtNodeBackend } from '../../../src/backend/ort-node/ort-backend-node.ts'
import { NODE_DEVICES } from '../../../src/backend/ort-node/ort-devices-node.ts'
import { giveAway } from '../../../src/base/memory/given-away.ts'
import { encodeModel } from '../../../src/onnx/onnx-model.ts'
import { backendConformance } from '../../../src/testing.ts'
import { placeOnDisk } from '../../testing/plain-ort-backend.ts'

const SIZE = 3072
/** Bytes of the heavy graph's weights: 36 MiB. */
const WEIGHTS = SIZE * SIZE * 4

let disk: Awaited<ReturnType<typeof placeOnDisk>>
let folder: string
let heavy: ModelSource

beforeAll(async () => {
  disk = await placeOnDisk()
  folder = await mkdtemp(join(tmpdir(), 'icthp-ort-node-'))
  heavy = await writeHeavy(folder)
})
afterAll(async () => {
  await disk.remove()
  await rm(folder, { recursive: true, force: true })
})

/** `y = x · w` with its 36 MiB beside it; w is zero but for its first value, which is 1. */
async function writeHeavy(into: string): Promise<ModelSource> {
  const path = join(into, 'heavy.onnx')
  const data = join(into, 'heavy.onnx_data')
  const file = await open(data, 'w')
  await file.write(new Uint8Array(Float32Array.of(1).buffer))
  await file.truncate(WEIGHTS)
  await file.close()
  await writeFile(
    path,
    encodeModel(
      {
        name: 'heavy',
        inputs: [{ name: 'x', dtype: 'float32', dims: ['rows', SIZE] }],
        outputs: [{ name: 'y', dtype: 'float32', dims: ['rows', SIZE] }],
        nodes: [{ name: 'y', op: 'MatMul', domain: '', inputs: ['x', 'w'], outputs: ['y'], attributes: {} }],
        initializers: [
          {
            name: 'w',
            dtype: 'float32',
            dims: [SIZE, SIZE],
            data: { file: 'heavy.onnx_data', offset: 0, length: WEIGHTS },
          },
        ],
      },
      { name: 'icthp', version: 'test' },
    ),
  )
  return modelOfFiles('heavy', { path }, [{ name: 'heavy.onnx_data', file: { path: data } }])
}

const rows = (count: number): Tensors => ({
  x: { dtype: 'float32', dims: [count, SIZE], data: new Float32Array(count * SIZE).fill(3) },
})

async function check(session: InferenceSession): Promise<void> {
  expect((await session.run(rows(1)))['y']!.data.subarray(0, 3)).toEqual(Float32Array.of(3, 0, 0))
}

describe('conformance', () => {
  const cases = backendConformance(() => new OrtNodeBackend(), {
    place: (bytes, name) => disk.place(bytes, name),
    device: 'cpu',
  })
  for (const { name, run } of cases) it(name, run)
})

it('names its version', () => {
  expect(new OrtNodeBackend().name).toMatch(/^onnxruntime-node 1\.\d+\.\d+$/)
})

it('does not stall the event loop', async () => {
  const backend = new OrtNodeBackend()
  try {
    const session = await backend.load(heavy, { device: 'cpu' })
    const input = rows(1500)
    const stalls: number[] = []
    // Other programs may stall this one too, but a call that blocks would do so in every attempt, for a third of it.
    for (let attempt = 0; attempt < 5 && !(stalls.at(-1)! < 1 / 6); attempt++) {
      const delay = monitorEventLoopDelay({ resolution: 5 })
      const start = performance.now()
      delay.enable()
      await Promise.all([session.run(input), session.run(input), session.run(input)])
      delay.disable()
      const took = performance.now() - start
      expect(took).toBeGreaterThan(150)
      stalls.push(delay.max / 1e6 / took)
    }
    expect(Math.min(...stalls)).toBeLessThan(1 / 6)
  } finally {
    await backend.dispose()
  }
})

it('inputs stay as they are, unless they are given away: then they are moved, not copied', async () => {
  const backend = new OrtNodeBackend()
  const session = await backend.load(heavy, { device: 'cpu' })
  const [kept, given] = [rows(2), rows(2)]
  giveAway(given['x']!.data)
  const answers = await Promise.all([session.run(kept), session.run(given), session.run(kept)])
  expect(answers[1]).toEqual(answers[0])
  expect(answers[2]).toEqual(answers[0])
  expect(kept['x']!.data).toHaveLength(2 * SIZE)
  expect(given['x']!.data).toHaveLength(0)
  await backend.dispose()
})

describe('devices', () => {
  it('are really tried: each works or is a typed error with what it needs', async () => {
    const backend = new OrtNodeBackend()
    for (const device of DEVICES) {
      const probed = await backend.probe(device).catch((error: unknown) => error)
      if (probed instanceof Error) {
        expect(probed).toMatchObject({ name: 'DeviceError', code: 'device_unavailable' })
        expect(probed.message).toContain(NODE_DEVICES[device] ?? 'icthp/web')
      } else if (device !== 'auto') expect(probed).toEqual({ device, notes: [] })
    }
    await backend.dispose()
  })

  it('auto says what it took', async () => {
    const backend = new OrtNodeBackend()
    const { device, notes } = await backend.probe('auto')
    expect(Object.keys(NODE_DEVICES)).toContain(device)
    expect(notes.at(-1)).toContain(`auto took ${device}`)
    expect(await backend.probe('auto')).toBe(await backend.probe('auto'))
    await backend.dispose()
  })
})

it('turns the telemetry of onnxruntime off before it is loaded', async () => {
  delete process.env['ORT_DISABLE_TELEMETRY']
  const backend = new OrtNodeBackend()
  await check(await backend.load(heavy, { device: 'cpu' }))
  expect(process.env['ORT_DISABLE_TELEMETRY']).toBe('1')
  await backend.dispose()
})

it.each([true, false])(
  'keepThread %s: whether the thread outlives its last session; one that runs once answers alike',
  async (keepThread) => {
    const backend = new OrtNodeBackend({ keepThread })
    for (const started of ['1', keepThread ? undefined : '1']) {
      // Set by the start of a thread.
      delete process.env['ORT_DISABLE_TELEMETRY']
      const session = await backend.load(heavy, { device: 'cpu', once: true })
      expect(process.env['ORT_DISABLE_TELEMETRY']).toBe(started)
      await check(session)
      await session.dispose()
    }
    await backend.dispose()
  },
)

it('wants external data beside the graph', async () => {
  const {
    graph,
    externalData: [part],
  } = await heavy.files()
  const elsewhere = { name: part!.name, file: { path: join(tmpdir(), part!.name) } }
  await expect(
    new OrtNodeBackend().load(modelOfFiles('apart', graph, [elsewhere]), { device: 'cpu' }),
  ).rejects.toMatchObject({
    name: 'BackendError',
    code: 'backend_failed',
    message: expect.stringContaining('must lie beside the graph') as string,
  })
})

it('ends a load that is aborted, soon', async () => {
  const backend = new OrtNodeBackend()
  const stop = new AbortController()
  const reason = new Error('enough')
  const loading = backend.load(heavy, { device: 'cpu', signal: stop.signal })
  stop.abort(reason)
  await expect(loading).rejects.toBe(reason)
  await check(await backend.load(heavy, { device: 'cpu' }))
  await backend.dispose()
})

it('says so where the model is in memory', async () => {
  const graph = { blob: new Blob([]) }
  await expect(new OrtNodeBackend().load(modelOfFiles('x', graph), { device: 'cpu' })).rejects.toMatchObject({
    name: 'BackendError',
    code: 'backend_failed',
    message: expect.stringContaining('Write it to a folder first') as string,
  })
})

it('what is left of a disposed backend rejects, and it can load again', async () => {
  const backend = new OrtNodeBackend()
  const session = await backend.load(heavy, { device: 'cpu' })
  const rejected = expect(session.run(rows(400))).rejects.toMatchObject({ code: 'input_disposed' })
  await backend.dispose()
  await rejected
  await expect(session.run(rows(1))).rejects.toMatchObject({
    name: 'BackendError',
    code: 'backend_failed',
    message: expect.stringContaining('Load it again') as string,
  })
  const again = await backend.load(heavy, { device: 'cpu' })
  await session.dispose()
  await check(again)
  await backend.dispose()
})

describe('loading and disposing 20 times leaves memory flat', () => {
  /** Resident MiB after each turn. */
  async function turns(turn: () => Promise<void>): Promise<number[]> {
    const resident: number[] = []
    for (let i = 0; i < 20; i++) {
      await turn()
      resident.push(process.memoryUsage.rss() / 2 ** 20)
    }
    return resident
  }

  // The first turns fill caches and arenas. After them half a model's weights is the noise that is allowed; a leak of
  // one model a turn would be 15 times 36 MiB.
  function expectFlat(resident: number[]): void {
    const [early, late] = [resident.slice(2, 8), resident.slice(-6)].map((part) => Math.min(...part)) as [
      number,
      number,
    ]
    expect(late - early).toBeLessThan(WEIGHTS / 2 ** 20 / 2)
  }

  it('a backend', async () => {
    expectFlat(
      await turns(async () => {
        const backend = new OrtNodeBackend()
        await check(await backend.load(heavy, { device: 'cpu' }))
        await backend.dispose()
      }),
    )
  })

  it('a session', async () => {
    const backend = new OrtNodeBackend()
    const staying = await backend.load(heavy, { device: 'cpu' })
    expectFlat(
      await turns(async () => {
        const session = await backend.load(heavy, { device: 'cpu' })
        await check(session)
        await session.dispose()
      }),
    )
    await check(staying)
    await backend.dispose()
  })
})
