import { afterAll, beforeAll, expect, test } from 'vitest'
import { IcthpError } from '../../src/base/errors.ts'
import * as convert from '../../src/convert/index.ts'
import * as dataset from '../../src/dataset.ts'
import * as core from '../../src/index.ts'
import * as node from '../../src/node.ts'
import * as ort from '../../src/ort.ts'
import * as remote from '../../src/remote.ts'
import * as server from '../../src/server.ts'
import * as sheet from '../../src/sheet.ts'
import * as testing from '../../src/testing.ts'
import * as transformers from '../../src/transformers.ts'
import * as web from '../../src/web.ts'

const DOORS = { convert, core, dataset, node, ort, remote, server, sheet, testing, transformers, web }
/** What JavaScript callers pass: nothing, null for options, numbers, lists where none belong. */
const ARGUMENTS: readonly (readonly unknown[])[] = [
  [],
  [null],
  [42, 42],
  ['x', null],
  [['x'], null],
  [null, null],
  [undefined, null],
  [['x'], ['y'], null],
]

type Call = (...args: unknown[]) => unknown
type Entry = Call & { readonly fromPretrained?: Call }

const entries = Object.entries(DOORS).flatMap(([door, names]) =>
  Object.entries(names)
    .filter(([, value]) => typeof value === 'function')
    .map(([name, value]) => [door, name, value as unknown as Entry] as const),
)

// Nothing here may look for a model, or write one.
beforeAll(() => void (process.env['ICTHP_MODEL'] = '/nowhere'))
afterAll(() => void delete process.env['ICTHP_MODEL'])

/** What a call throws, at once or later; what it makes is let go. */
async function thrownBy(call: () => unknown): Promise<unknown> {
  try {
    const made = (await call()) as
      { next?: () => Promise<unknown>; dispose?: () => Promise<void> } | undefined | null
    if (typeof made?.next === 'function') await made.next()
    if (typeof made?.dispose === 'function') await made.dispose()
    return undefined
  } catch (error) {
    return error
  }
}

test.each(entries)('%s: whatever %s is given, it throws an IcthpError or nothing', async (_, name, entry) => {
  const make = entry as unknown as new (...args: unknown[]) => unknown
  for (const args of ARGUMENTS) {
    const calls = [
      () => (/^[A-Z]/.test(name) ? new make(...args) : entry(...args)),
      ...(entry.fromPretrained ? [() => entry.fromPretrained!(...args)] : []),
    ]
    for (const call of calls) {
      const error = await thrownBy(call)
      if (error !== undefined && !(error instanceof IcthpError)) throw error
    }
  }
})

test.each([
  ['node', node.HpScorer],
  ['node', node.IctScorer],
  ['web', web.HpScorer],
])('fromPretrained of %s refuses options that are null', async (_, Scorer) => {
  const failing = Scorer.fromPretrained('models-out', null as never)
  await expect(failing).rejects.toMatchObject({
    code: 'input_invalid_option',
    message: 'The options of fromPretrained are an object, not null.',
  })
})

test.each(['backend', 'hub'])('fromPretrained refuses a %s that is none', async (part) => {
  for (const given of [{}, 'auto', 5])
    await expect(node.HpScorer.fromPretrained('models/demo', { [part]: given })).rejects.toMatchObject({
      code: 'input_invalid_option',
      message: expect.stringContaining(part) as unknown,
    })
})
