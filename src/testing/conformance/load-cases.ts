import { expectError } from '../expect.ts'
import type { Cases } from './bench.ts'
import { checkAffine, checkLookup } from './conformance-models.ts'

/** Sessions, and files that are not as they should be. */
export const LOAD_CASES: Cases = {
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
