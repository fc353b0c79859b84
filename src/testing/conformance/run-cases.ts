import { expectError, expectSame } from '../expect.ts'
import type { Cases } from './bench.ts'
import { affineInput, checkAffine, checkAffineOutput, checkLookup } from './conformance-models.ts'

/** What goes in, and what comes out. */
export const RUN_CASES: Cases = {
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
}
