import { expectError, expectSame, expectTrue, rejection } from '../expect.ts'
import type { Cases } from './bench.ts'
import { affineInput, chainInput, checkAffine, checkAffineOutput } from './conformance-models.ts'

/** Aborts, and the ends of sessions and backends. */
export const END_CASES: Cases = {
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

async function expectReason(promise: Promise<unknown>, reason: Error, what: string): Promise<void> {
  const error = await rejection(promise, what)
  expectTrue(error === reason, `${what} should reject with signal.reason itself, not with ${String(error)}`)
}
