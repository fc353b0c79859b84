import { type Device, DEVICES, type InferenceBackend, type InferenceSession } from '../backend/backend.ts'
import {
  affineInput,
  chainInput,
  checkAffine,
  checkAffineOutput,
  checkLookup,
  type ConformanceModels,
} from './conformance-models.ts'
import { expectError, expectSame, expectTrue, rejection } from './expect.ts'

/** What a case works with. */
export interface Bench {
  readonly backend: InferenceBackend
  readonly models: ConformanceModels
  readonly device: Device
  /** A loaded session of a graph. */
  load(graph: Parameters<ConformanceModels['source']>[0]): Promise<InferenceSession>
}

export const CASES: Readonly<Record<string, (bench: Bench) => Promise<void>>> = {
  'has a name': async ({ backend }) => {
    expectTrue(
      typeof backend.name === 'string' && backend.name !== '',
      'name should say which runtime this is, for example "my-runtime 1.2.0"',
    )
  },

  'probe: auto finds a device and never throws': async ({ backend }) => {
    const { device, notes } = await backend.probe('auto')
    expectTrue(
      device !== 'auto' && DEVICES.includes(device),
      `probe('auto') should lead to a real device, not ${String(device)}`,
    )
    expectTrue(
      Array.isArray(notes) && notes.every((note) => typeof note === 'string'),
      'notes should be a list of strings',
    )
  },

  'probe: an explicit device is that device, or DeviceError device_unavailable': async ({ backend }) => {
    for (const device of DEVICES.filter((candidate) => candidate !== 'auto')) {
      const probed = await backend.probe(device).then(
        ({ device: found }) => found,
        async (error: unknown) => {
          await expectError(
            Promise.reject(error),
            'DeviceError',
            ['device_unavailable'],
            `probe('${device}')`,
          )
          return device
        },
      )
      expectSame(probed, device, `device of probe('${device}')`)
    }
  },

  'probe: an unknown device is DeviceError device_unknown': async ({ backend }) => {
    await expectError(
      Promise.resolve().then(() => backend.probe('abacus' as Device)),
      'DeviceError',
      ['device_unknown'],
      "probe('abacus')",
    )
  },

  'run: float32 results are exact': async ({ load }) => {
    await checkAffine(await load('AFFINE'), 2)
  },

  'run: int64 in and out, several outputs': async ({ load }) => {
    await checkLookup(await load('LOOKUP'), [
      [0n, 4n, 2n],
      [1n, 1n, 3n],
    ])
  },

  'run: sizes may change from call to call': async ({ load }) => {
    const affine = await load('AFFINE')
    for (const rows of [1, 5, 2, 9]) await checkAffine(affine, rows, rows)
    const lookup = await load('LOOKUP')
    for (const tokens of [1, 4, 2])
      await checkLookup(lookup, [Array.from({ length: tokens }, (_, i) => BigInt(i))])
  },

  'run: overlapping calls each get their own result': async ({ load }) => {
    const session = await load('AFFINE')
    await Promise.all(Array.from({ length: 12 }, (_, i) => checkAffine(session, 1 + (i % 4), 100 * i)))
  },

  'run: inputs are left as they were': async ({ load }) => {
    const session = await load('AFFINE')
    const x = affineInput(3)
    await session.run({ x })
    expectSame(x.data, affineInput(3).data, 'the input after the run')
    checkAffineOutput(await session.run({ x }), 3, 0)
  },

  'run: an input may be a part of a larger buffer': async ({ load }) => {
    const session = await load('AFFINE')
    const x = affineInput(4)
    checkAffineOutput(await session.run({ x: { ...x, dims: [2, 3], data: x.data.subarray(6) } }), 2, 6)
    expectSame(x.data, affineInput(4).data, 'the buffer after the run')
  },

  "run: outputs are the caller's, and stay as they are": async ({ load }) => {
    const session = await load('AFFINE')
    const first = await checkAffine(session, 2)
    const second = await checkAffine(session, 2, 50)
    checkAffineOutput(first, 2, 0)
    second['y']!.data.fill(7 as never)
    checkAffineOutput(first, 2, 0)
    await checkAffine(session, 2, 50)
    await session.dispose()
    checkAffineOutput(first, 2, 0)
  },

  'run: inputs that do not fit reject with BackendError, and the session works on': async ({ load }) => {
    const session = await load('AFFINE')
    const { data } = affineInput(2)
    const codes = ['backend_failed', 'backend_wrong_output']
    await expectError(session.run({}), 'BackendError', codes, 'a run without inputs')
    await expectError(
      session.run({ x: { dtype: 'float32', dims: [3, 2], data } }),
      'BackendError',
      codes,
      'a run with the wrong shape',
    )
    await checkAffine(session, 2)
  },

  'load: external data': async ({ load }) => {
    await checkAffine(await load('AFFINE_EXTERNAL'), 2)
  },

  'load: sessions do not disturb each other': async ({ load }) => {
    const [affine, lookup, again] = await Promise.all([load('AFFINE'), load('LOOKUP'), load('AFFINE')])
    await Promise.all([
      checkAffine(affine, 2),
      checkLookup(lookup, [[3n]]),
      checkAffine(again, 1, 9),
      checkLookup(lookup, [[0n, 1n]]),
    ])
    await affine.dispose()
    await Promise.all([checkAffine(again, 3), checkLookup(lookup, [[4n]])])
  },

  'load: again after every session was disposed': async ({ load }) => {
    await (await load('AFFINE')).dispose()
    await checkAffine(await load('AFFINE'), 1)
  },

  'load: a damaged graph is a BackendError': async ({ backend, models, device }) => {
    const damages: Record<string, (graph: Uint8Array) => Uint8Array> = {
      'an empty graph': () => new Uint8Array(),
      'a truncated graph': (graph) => graph.slice(0, graph.length >> 1),
      'no graph at all': () => new TextEncoder().encode('<!doctype html><title>404</title>'),
    }
    for (const [what, damage] of Object.entries(damages)) {
      await expectError(
        backend.load(await models.source('AFFINE', { damage }), { device }),
        'BackendError',
        ['backend_failed'],
        `loading ${what}`,
      )
    }
  },

  'load: a missing file is an error': async ({ backend, models, device }) => {
    const source = await models.source('AFFINE')
    const files = await source.files()
    // A Blob cannot be missing.
    if ('blob' in files.graph) return
    const graph = { path: `${files.graph.path}.missing` }
    await expectError(
      backend.load({ ...source, files: async () => ({ ...files, graph }) }, { device }),
      'BackendError',
      ['backend_failed'],
      'loading a graph that is not there',
    )
  },

  'load: missing or truncated external data is an error': async ({ backend, models, device }) => {
    for (const [what, external] of [
      ['missing', () => undefined],
      ['truncated', (data: Uint8Array) => data.slice(0, 72)],
    ] as const) {
      await expectError(
        backend.load(await models.source('AFFINE_EXTERNAL', { external }), { device }),
        'BackendError',
        ['backend_failed'],
        `loading with ${what} external data`,
      )
    }
  },

  'load: a graph that the server has not is a BackendError': async ({ backend, models, device }) => {
    await expectError(
      backend.load({ ...(await models.source('AFFINE')), tower: 'nowhere' }, { device }),
      'BackendError',
      ['backend_failed'],
      'loading a graph that is not there',
    )
  },

  'abort: before the start, load and run reject with the reason': async ({
    backend,
    models,
    device,
    load,
  }) => {
    const reason = new Error('not today')
    const signal = AbortSignal.abort(reason)
    await expectReason(
      backend.load(await models.source('AFFINE'), { device, signal }),
      reason,
      'load with an aborted signal',
    )
    const session = await load('AFFINE')
    await expectReason(session.run({ x: affineInput(1) }, { signal }), reason, 'run with an aborted signal')
    await checkAffine(session, 1)
  },

  'abort: a run rejects soon, with the reason, and the session works on': async ({ load }) => {
    const session = await load('CHAIN')
    const input = chainInput()
    const timed = async (what: string, signal?: AbortSignal): Promise<number> => {
      const start = performance.now()
      expectSame((await session.run(input, { signal }))['y']!.data, input['x']!.data, what)
      return performance.now() - start
    }
    const before = await timed('y of the long graph')
    const controller = new AbortController()
    const reason = new Error('enough')
    const running = expectReason(session.run(input, { signal: controller.signal }), reason, 'an aborted run')
    const aborted = performance.now()
    controller.abort(reason)
    await running
    const waited = performance.now() - aborted
    // An abort after the end is none of its business.
    const late = new AbortController()
    // The first run may have been slowed by warming up, either of them by other work.
    const whole = Math.min(before, await timed('y after an aborted run', late.signal))
    // On a fast device there is nothing to tell apart.
    expectTrue(
      whole < 30 || waited < Math.max(whole / 2, 20),
      `the run went on for ${waited.toFixed()} ms after the abort; a whole one takes ${whole.toFixed()} ms`,
    )
    late.abort(reason)
  },

  'dispose: a session, twice; then run rejects with InputError input_disposed': async ({ load }) => {
    const session = await load('AFFINE')
    await Promise.all([session.dispose(), session.dispose()])
    await session.dispose()
    await expectError(
      session.run({ x: affineInput(1) }),
      'InputError',
      ['input_disposed'],
      'run after dispose',
    )
  },

  'dispose: runs under way are finished or rejected': async ({ load }) => {
    const session = await load('AFFINE')
    const runs = Array.from({ length: 4 }, () =>
      session.run({ x: affineInput(2) }).then(
        (outputs) => checkAffineOutput(outputs, 2, 0),
        () => {},
      ),
    )
    await session.dispose()
    await Promise.all(runs)
  },

  'dispose: a backend, twice, with a session open': async ({ backend, load }) => {
    const session = await load('AFFINE')
    await Promise.all([backend.dispose(), backend.dispose()])
    // Whether the session outlives its backend is the backend's own affair; it must not hang.
    await session.run({ x: affineInput(2) }).then(
      (outputs) => checkAffineOutput(outputs, 2, 0),
      () => {},
    )
    await session.dispose()
    await backend.dispose()
  },
}

/** Cases of backends that read files. */
export const FILE_CASES: ReadonlySet<string> = new Set([
  'load: a damaged graph is a BackendError',
  'load: a missing file is an error',
  'load: missing or truncated external data is an error',
])

/** Cases of backends that run what a server hosts. */
export const HOSTED_CASES: ReadonlySet<string> = new Set([
  'load: a graph that the server has not is a BackendError',
])

async function expectReason(promise: Promise<unknown>, reason: Error, what: string): Promise<void> {
  const error = await rejection(promise, what)
  expectTrue(error === reason, `${what} should reject with signal.reason itself, not with ${String(error)}`)
}
