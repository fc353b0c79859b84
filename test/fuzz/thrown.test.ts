import { afterAll, expect, test } from 'vitest'
import { dot, l2Normalise } from '../../src/models/embeddings.ts'
import {
  ClipTokenizer,
  createNodeDecoder,
  IcthpError,
  type ImageDecoder,
  InputError,
  preprocess,
  rankGroups,
  rankPairs,
  readPrompt,
} from '../../src/node.ts'
import { rankImages } from '../../src/ranking/rank-images.ts'
import { rankScores } from '../../src/ranking/rank-scores.ts'
import { scoreImages } from '../../src/ranking/score-images.ts'
import { RemoteBackend } from '../../src/remote.ts'
import { createRewardServer } from '../../src/server.ts'
import { renderSheet } from '../../src/sheet.ts'
import { createFakeScorers } from '../../src/testing.ts'
import { type Random, random } from './mutate.ts'

/** With how many calls `npm test` does; each call is named by its number. */
const CALLS = Number(process.env['FUZZ_CALLS'] ?? 2500)
const SEED = Number(process.env['FUZZ_SEED'] ?? 1)

const decoder: ImageDecoder = createNodeDecoder({ threads: 0 })
afterAll(() => decoder.dispose())

function detached(): ArrayBuffer {
  const buffer = new ArrayBuffer(8)
  structuredClone(buffer, { transfer: [buffer] })
  return buffer
}

function detachedView(): Float32Array {
  const view = new Float32Array(8)
  structuredClone(view.buffer, { transfer: [view.buffer] })
  return view
}

const pick = <T>(next: Random, list: readonly T[]): T => list[next(list.length)]!

/** Values of every kind that JavaScript has, good and bad ones. */
const VALUES: readonly ((next: Random) => unknown)[] = [
  () => undefined,
  () => null,
  () => Number.NaN,
  (next) => next(3) - 1,
  () => 0.5,
  () => -Infinity,
  () => 10n,
  () => true,
  () => '',
  () => 'a cat',
  () => 'gone.png',
  () => '\ud800',
  () => Symbol('s'),
  () => () => 1,
  () => ({}),
  () => Object.create(null) as unknown,
  () => [Symbol('s')],
  () => new Array(3),
  () => [0.5, 0.5],
  () => new Map(),
  () => detached(),
  () => detachedView(),
  () => new Uint8Array(detached().byteLength),
  () => new Float32Array([1, 2]),
  () => new Float32Array(3),
  () => new DataView(new ArrayBuffer(2)),
  () => new SharedArrayBuffer(2),
  () => new Blob([]),
  () => new URL('data:xx'),
  () => ({ data: detachedView(), width: 1, height: 1, channels: 3 }),
  () => ({ data: new Uint8Array(3), width: 1, height: 1, channels: null }),
  () => ({ data: null, size: 2 }),
  () => ({ index: 0, scores: { hp: 0.5, hpLogit: 0 } }),
  () => ({ index: 0, scores: null }),
  () => new Proxy({}, {}),
  () => ({ aborted: false, addEventListener: 5 }),
  () => AbortSignal.abort(new InputError('input_disposed', 'The caller has left.')),
]
const value = (next: Random): unknown => pick(next, VALUES)(next)
const list = (next: Random): unknown => {
  if (next(4) === 0) return value(next)
  const made = Array.from({ length: next(4) }, () => value(next))
  // Some with holes.
  if (next(4) === 0) made.length += 2
  return made
}
const record = (next: Random, keys: readonly string[]): unknown => {
  if (next(5) === 0) return value(next)
  return Object.fromEntries(
    keys
      .filter(() => next(3) === 0)
      .map((key) => [key, next(2) ? value(next) : pick(next, [0.5, undefined])]),
  )
}

const WEIGHTS = ['ict', 'hp', 'HP', '__proto__', 'constructor']
const RULES = ['weighted', 'product', 'softmax', 'ict', 'hp', undefined]
const options = (next: Random): never => {
  const some = record(next, [
    'signal',
    'onProgress',
    'onImageError',
    'topK',
    'prompt',
    'combine',
    'maxPixels',
  ])
  if (typeof some !== 'object' || some === null || next(6) === 0) return some as never
  return {
    ...some,
    ...(next(2) ? { weights: record(next, WEIGHTS) } : {}),
    ...(next(2) ? { thresholds: record(next, WEIGHTS) } : {}),
    ...(next(2) ? { combine: pick(next, RULES) } : {}),
    ...(next(2) ? { prompt: 'a cat' } : {}),
  } as never
}

const SERVER = [
  'maxQueue',
  'maxItems',
  'tokens',
  'basePath',
  'metrics',
  'timeoutSeconds',
  'combine',
  'weights',
]
const REMOTE = ['url', 'protocol', 'headers', 'maxBytes', 'timeout', 'retries', 'names']
const PICTURE = { data: new Uint8Array(3), width: 1, height: 1, channels: 3 }
const fakeScorers = (): Pick<ReturnType<typeof createFakeScorers>, 'ict' | 'hp'> => {
  const { ict, hp } = createFakeScorers()
  return { ict, hp }
}
const scoredOf = (next: Random): unknown => ({
  index: pick(next, [0, 1, value(next)]),
  group: pick(next, ['a', 'b', value(next)]),
  scores: record(next, ['ict', 'hp', 'hpLogit']),
})

async function drain(stream: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of stream);
}

const CALLED: Readonly<Record<string, (next: Random) => unknown>> = {
  rankScores: (next) => rankScores(list(next) as never, options(next)),
  'rankScores of good scores': (next) =>
    rankScores([{ index: 0, scores: { ict: 0.5, hp: 0.5, hpLogit: 0 } }], options(next)),
  rankImages: (next) => {
    const { ict, hp } = createFakeScorers()
    const given = options(next) as object
    return rankImages(
      list(next) as never,
      next(3) ? { ...given, ict, ...(next(2) ? { hp } : {}) } : (given as never),
    )
  },
  scoreImages: (next) => {
    const { ict, hp } = createFakeScorers()
    return drain(scoreImages(list(next) as never, { ...(options(next) as object), ict, hp }))
  },
  'ict.score': (next) =>
    createFakeScorers().ict.score(list(next) as never, list(next) as never, options(next)),
  'ict.matrix': (next) =>
    createFakeScorers().ict.matrix(list(next) as never, list(next) as never, options(next)),
  'ict.scoreStream': (next) =>
    drain(createFakeScorers().ict.scoreStream(list(next) as never, value(next) as never, options(next))),
  'ict.embedTexts': (next) => createFakeScorers().ict.embedTexts(list(next) as never, options(next)),
  'hp.score': (next) => createFakeScorers().hp.score(list(next) as never, options(next)),
  'hp.scoreStream': (next) => drain(createFakeScorers().hp.scoreStream(list(next) as never, options(next))),
  dot: (next) => dot(value(next) as never, value(next) as never),
  l2Normalise: (next) => l2Normalise(value(next) as never),
  tokenizer: (next) => new ClipTokenizer().encode(value(next) as never),
  'decoder.crop': (next) => decoder.crop(value(next) as never, { size: 2 }),
  preprocess: (next) => preprocess(value(next) as never, { decoder, signal: value(next) as never }),
  'preprocess by a decoder': (next) => preprocess(value(next) as never, { decoder: value(next) as never }),
  readPrompt: (next) => readPrompt(value(next) as never, { signal: value(next) as never }),
  rankGroups: (next) => rankGroups([scoredOf(next) as never, scoredOf(next) as never], options(next)),
  'rankScores of odd scores': (next) => rankScores([scoredOf(next) as never], options(next)),
  rankPairs: (next) => rankPairs(list(next) as never, { ...(options(next) as object), ...fakeScorers() }),
  renderSheet: (next) =>
    renderSheet(
      [{ image: PICTURE, name: 'a', rank: value(next), scores: record(next, ['ICT']) } as never],
      record(next, ['columns', 'size']) as never,
    ),
  createRewardServer: (next) =>
    createRewardServer({ scorers: Object.values(fakeScorers()), ...(record(next, SERVER) as object) }),
  'desk.score': (next) => {
    const { desk } = createRewardServer({ scorers: Object.values(fakeScorers()) })
    const items = next(2) ? list(next) : [{ image: value(next), prompt: value(next) }]
    return desk.score(next(2) ? ['hp'] : (list(next) as never), items as never)
  },
  'tower.run': (next) => {
    const { towers } = createRewardServer({ scorers: Object.values(fakeScorers()) })
    const tensor = record(next, ['dtype', 'dims', 'data'])
    return pick(next, towers).run({ pixel_values: tensor, input_ids: tensor } as never)
  },
  RemoteBackend: (next) => new RemoteBackend(record(next, REMOTE) as never).dispose(),
  'remote.load': (next) =>
    new RemoteBackend({ url: 'http://127.0.0.1:1', retries: 0, protocol: 'http' }).load(
      value(next) as never,
      { signal: value(next) } as never,
    ),
}

test('every thrown thing is an IcthpError', async () => {
  const findings: string[] = []
  const names = Object.keys(CALLED)
  for (let number = 0; number < CALLS; number++) {
    const next = random(SEED, number)
    const name = names[number % names.length]!
    try {
      await CALLED[name]!(next)
    } catch (error) {
      if (!(error instanceof IcthpError))
        findings.push(
          `call ${number}, ${name}: ${error instanceof Error ? error.stack!.split('\n').slice(0, 3).join(' ') : String(error)}`,
        )
    }
  }
  expect(findings.slice(0, 12)).toEqual([])
})

test('embeddings of two models have no similarity', () => {
  expect(() => dot(new Float32Array(3), new Float32Array(2))).toThrow(
    expect.objectContaining({ name: 'InputError', code: 'input_length_mismatch' }),
  )
})

test('scores of HP alone are ranked by HP', () => {
  const scored = [0.25, 0.75].map((hp, index) => ({ index, scores: { hp, hpLogit: 0 } }))
  expect(rankScores(scored)).toMatchObject({ combine: 'hp', results: [{ index: 1 }, { index: 0 }] })
  expect(rankScores(scored.map(({ index }) => ({ index, scores: { ict: -index } })))).toMatchObject({
    combine: 'ict',
  })
})
