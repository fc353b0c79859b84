import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { IcthpError } from '../../src/base/errors.ts'
import * as convert from '../../src/convert/index.ts'
import * as dataset from '../../src/dataset.ts'
import * as node from '../../src/node.ts'
import { OrtBackend } from '../../src/ort.ts'
import { RemoteBackend } from '../../src/remote.ts'
import * as server from '../../src/server.ts'
import { renderSheet } from '../../src/sheet.ts'
import * as testing from '../../src/testing.ts'
import { bmp } from '../cli/built-cli.ts'
import { random } from '../fuzz/mutate.ts'

/** Other seeds and more rounds by hand: `ICTHP_ODD_SEED=7 ICTHP_ODD_ROUNDS=500`. */
const SEED = Number(process.env['ICTHP_ODD_SEED'] ?? 1)
const ROUNDS = Number(process.env['ICTHP_ODD_ROUNDS'] ?? 25)

type Call = (...args: never[]) => unknown
/** A function, and arguments that it takes: each is then replaced by what it does not take, one or two at a time. */
type Case = readonly [name: string, call: Call, make: () => readonly unknown[]]

let folder: string
let ended = 0
const image = { data: new Uint8Array(12), width: 2, height: 2, channels: 3 as const }
const fakes = testing.createFakeScorers()
const { ict, hp } = fakes
const options = (more: object) => ({
  ...more,
  signal: new AbortController().signal,
  onProgress: () => {},
})
const rule = { weights: { ict: 1, hp: 1 }, thresholds: { ict: 0.5, hp: 0.5 }, combine: 'weighted' }
const ranked = { prompt: 'x', ict, hp, ...rule, onImageError: () => {}, transfer: false }
const out = (): string => join(folder, `out-${ended++}`)
const sources = (): string[] => [join(folder, 'pictures')]
const set = (more: object = {}) =>
  options({
    out: out(),
    cwd: folder,
    prompt: 'x',
    plain: true,
    columns: { image: ['a'], prompt: 'b', key: 'c' },
    format: 'ndjson',
    embeddings: 'float32',
    shardSize: 10,
    ...more,
  })
const redis = { redis: 'redis://127.0.0.1:9', queue: 'q' }
const embedding = (): Float32Array => new Float32Array(1024).fill(1)
const ort = { InferenceSession: { create: () => {} }, Tensor: class {}, env: {} }

const CASES: readonly Case[] = [
  ['rankImages', node.rankImages, () => [[image, image], options(ranked)]],
  ['scoreImages', node.scoreImages, () => [[image], options({ prompt: 'x', ict, hp })]],
  ['scorePairs', node.scorePairs, () => [[{ image, prompt: 'x' }], options({ ict, hp })]],
  ['rankPairs', node.rankPairs, () => [[{ image, prompt: 'x', group: 'g' }], options({ ict, hp, ...rule })]],
  ['rankGroups', node.rankGroups, () => [[{ group: 'a', ict: 0.5, hp: 0.5 }], rule]],
  ['rankScores', node.rankScores, () => [[{ ict: 0.5, hp: 0.5 }], rule]],
  ['dot', node.dot, () => [embedding(), embedding()]],
  ['l2Normalise', node.l2Normalise, () => [embedding()]],
  ['sigmoid', node.sigmoid, () => [0]],
  ['plainPrompt', node.plainPrompt, () => ['(x:1.2)']],
  ['preprocess', node.preprocess, () => [image, options({ maxPixels: 100 })]],
  [
    'readPrompt',
    node.readPrompt,
    () => [bmp(2, 2, [1, 2, 3]), options({ maxDownloadBytes: 10, timeoutSeconds: 1 })],
  ],
  ['loadScorers', node.loadScorers as Call, () => [node.allKinds(), '/nowhere', {}, options({})]],
  ['similarity', (a: never, b: never) => ict.similarity(a, b), () => [embedding(), embedding()]],
  [
    'ict.score',
    (...args) => ict.score(...(args as [never, never, never])),
    () => [[image], ['x'], options({ transfer: true })],
  ],
  [
    'ict.matrix',
    (...args) => ict.matrix(...(args as [never, never, never])),
    () => [[image], ['x'], options({})],
  ],
  [
    'ict.scoreStream',
    (...args) => ict.scoreStream(...(args as [never, never, never])),
    () => [[image], 'x', options({ total: 1, onImageError: () => {} })],
  ],
  ['ict.embedTexts', (...args) => ict.embedTexts(...(args as [never, never])), () => [['x'], options({})]],
  ['hp.score', (...args) => hp.score(...(args as [never, never])), () => [[image], options({})]],
  ['hp.logits', (...args) => hp.logits(...(args as [never, never])), () => [[image], options({})]],
  ['hp.embedImages', (...args) => hp.embedImages(...(args as [never, never])), () => [[image], options({})]],
  ['hp.scoreStream', (...args) => hp.scoreStream(...(args as [never, never])), () => [[image], options({})]],
  ['tokenizer.encode', (...args) => new node.ClipTokenizer().encode(...(args as [never])), () => ['x']],
  ['tokenizer.inspect', (...args) => new node.ClipTokenizer().inspect(...(args as [never])), () => ['x']],
  [
    'createNodeDecoder',
    (given: never) => node.createNodeDecoder(given).dispose(),
    () => [{ threads: 0, sharp: false, idleSeconds: 1, maxDownloadBytes: 1, timeoutSeconds: 1 }],
  ],
  [
    'createNodeHub',
    (...args) => node.createNodeHub(...(args as [never])).open('/nowhere' as never, options({}) as never),
    () => [{ cacheDir: 'x', endpoint: 'http://127.0.0.1:9', token: 'x', offline: true }],
  ],
  [
    'verifyModel',
    node.verifyModel as Call,
    () => [
      options({
        model: '/nowhere',
        images: [image],
        prompts: ['x'],
        against: 'fp32',
        dtypes: ['q8'],
        remote: { url: 'http://127.0.0.1:9' },
        device: 'cpu',
        threads: 1,
        batchSize: 1,
        record: false,
        maxPixels: 5,
      }),
    ],
  ],
  ['OrtNodeBackend', (given: never) => new node.OrtNodeBackend(given), () => [{}]],
  [
    'HpScorer.fromPretrained',
    (...args) => node.HpScorer.fromPretrained(...(args as [never, never])),
    () => [
      '/nowhere',
      options({
        device: 'cpu',
        dtype: 'q8',
        batchSize: 1,
        threads: 1,
        selfTest: true,
        maxPixels: 9,
        revision: 'x',
      }),
    ],
  ],
  [
    'convertCheckpoints',
    convert.convertCheckpoints as Call,
    () => [
      options({
        ict: '/nowhere',
        hp: '/nowhere',
        hpHead: '/nowhere',
        weightsKey: 'x',
        base: '/nowhere',
        checkpoints: { hp: '/nowhere' },
        out: out(),
        dtypes: ['fp32'],
        calibrate: '/nowhere',
        origins: { hp: { repository: 'x', revision: 'y', license: 'z', sha256: { a: 'b' } } },
      }),
    ],
  ],
  [
    'exportRepository',
    convert.exportRepository as Call,
    () => [options({ model: '/nowhere', revision: 'x', to: 'triton', out: out(), dtype: 'auto' })],
  ],
  ['openCheckpoint', convert.openCheckpoint as Call, () => ['/nowhere', options({})]],
  ['createFakeScorers', testing.createFakeScorers as Call, () => [{ ict: () => 1, hp: () => 1, delayMs: 1 }]],
  [
    'createRewardServer',
    (given: never) => server.createRewardServer(given).close(),
    () => [
      {
        scorers: [ict, hp],
        ...rule,
        tokens: ['x'],
        pickle: true,
        basePath: '/x',
        maxQueue: { images: 1, bytes: 1 },
        maxBodyBytes: 1,
        maxPixels: 1,
        maxItems: 1,
        maxPromptLength: 1,
        timeoutSeconds: 1,
        atOnce: 1,
        fetchPicture: () => {},
        metrics: undefined,
        onRequest: () => {},
        onError: () => {},
      },
    ],
  ],
  [
    'RemoteBackend',
    (given: never) => new RemoteBackend(given).dispose(),
    () => [
      {
        url: ['http://127.0.0.1:9'],
        protocol: 'rest',
        headers: { a: 'b' },
        maxBytes: 10,
        timeout: 10,
        retries: 0,
        names: { ict_vision: 'x' },
      },
    ],
  ],
  [
    'OrtBackend',
    (...args) => new OrtBackend(...(args as [never, never])).dispose(),
    () => [ort, { prefer: ['cpu'], read: () => {}, sessionOptions: () => ({}) }],
  ],
  [
    'renderSheet',
    renderSheet as Call,
    () => [
      [{ image, name: 'x', group: 'g', rank: 1, scores: { ict: [0.5], hp: 0.5 } }],
      { columns: 1, size: 64 },
    ],
  ],
  ['findInputs', dataset.findInputs as Call, () => [sources(), options({ cwd: folder })]],
  [
    'scoreDataset',
    dataset.scoreDataset as Call,
    () => [
      sources(),
      set({
        ict,
        hp,
        share: { index: 0, count: 1 },
        retryFailed: true,
        cache: out(),
        jobs: 1,
        lease: 1000,
        onWait: () => {},
        onShard: () => {},
      }),
    ],
  ],
  [
    'enqueueDataset',
    dataset.enqueueDataset as Call,
    () => [sources(), set({ ...redis, kinds: ['hp'], retryFailed: true })],
  ],
  [
    'datasetWorker',
    dataset.datasetWorker as Call,
    () => [set({ ...redis, hp, untilDone: true, jobs: 1, lock: 1000, cache: out() })],
  ],
  [
    'datasetStatus',
    dataset.datasetStatus as Call,
    () => [options({ out: out(), cwd: folder, recount: true })],
  ],
  [
    'mergeDataset',
    dataset.mergeDataset as Call,
    () => [options({ out: out(), cwd: folder, to: 'x.ndjson', partial: true, recount: true })],
  ],
  ['plannedKinds', dataset.plannedKinds as Call, () => [options({ out: out(), cwd: folder })]],
  ['queueCounts', dataset.queueCounts as Call, () => [set(redis)]],
  ['parseShare', dataset.parseShare as Call, () => ['auto/8', { SLURM_ARRAY_TASK_ID: '1' }]],
]

function detached(): Uint8Array {
  const bytes = new Uint8Array(8)
  structuredClone(bytes.buffer, { transfer: [bytes.buffer] })
  return bytes
}
const ODD: readonly (() => unknown)[] = [
  ...[undefined, null, NaN, -1, 0, 1.5, 1e300, Infinity, 2 ** 53, '', ' ', 'x', '\0', true, 5n].map(
    (value) => () => value,
  ),
  () => 'a'.repeat(20_000),
  () => '\ud800',
  () => Symbol('odd'),
  () => ({}),
  () => [],
  () => new Array(2),
  () => [null],
  () => [[]],
  () => ['x', 5],
  () => () => 1,
  () => new Date(NaN),
  () => Object.create(null),
  () => Object.create({ x: 1 }),
  () => detached(),
  () => new Float32Array(3),
  () => new Float32Array(1024).fill(NaN),
  () => new Map(),
  () => /x/,
  () => new URL('http://127.0.0.1:9/x'),
  () => ({ data: detached(), width: 2, height: 2, channels: 3 }),
  () => ({ then: 5 }),
  () => ({ x: undefined, __proto__: null }),
]

/** The same value with one part of it replaced; `tell` hears which. */
function spoil(
  value: unknown,
  pick: (below: number) => number,
  tell: (path: string) => void,
  depth = 0,
): unknown {
  const isPlain =
    typeof value === 'object' &&
    value !== null &&
    [Object.prototype, Array.prototype].includes(Object.getPrototypeOf(value) as never)
  const keys = isPlain ? Object.keys(value) : []
  if (!isPlain || keys.length === 0 || (depth > 0 && pick(4) === 0)) {
    const at = pick(ODD.length)
    tell(`=${at}`)
    return ODD[at]!()
  }
  const key = keys[pick(keys.length)]!
  tell(`.${key}`)
  const copy = (Array.isArray(value) ? [...(value as unknown[])] : { ...value }) as Record<string, unknown>
  copy[key] = spoil(copy[key], pick, tell, depth + 1)
  return copy
}

async function thrownBy(call: () => unknown): Promise<unknown> {
  try {
    const made = (await call()) as { next?: () => Promise<unknown> } | undefined | null
    if (typeof made?.next === 'function') await made.next()
    return undefined
  } catch (error) {
    return error
  }
}

// No model, cache or server but those that are named, and no file but in a folder of this test.
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'icthp-odd-'))
  await mkdir(join(folder, 'pictures'))
  await writeFile(join(folder, 'pictures/a.bmp'), bmp(2, 2, [1, 2, 3]))
  vi.spyOn(process, 'cwd').mockReturnValue(folder)
  vi.stubEnv('ICTHP_MODEL', '/nowhere')
  vi.stubEnv('HF_HUB_OFFLINE', '1')
})
afterAll(async () => {
  vi.restoreAllMocks()
  vi.unstubAllEnvs()
  await rm(folder, { recursive: true, force: true })
})

test.each(CASES)(
  '%s throws an IcthpError or nothing, whatever a part of its arguments is',
  async (_, call, make) => {
    for (let round = 0; round < ROUNDS; round++) {
      const below = random(SEED, round)
      const spoilt: string[] = []
      let args: unknown = make()
      for (let times = 1 + below(2); times > 0; times--)
        args = spoil(args, below, (part) => void spoilt.push(part))
      const error = await thrownBy(() => call(...(args as never[])))
      const raw = error instanceof IcthpError ? undefined : error
      expect({ round, spoilt, raw }).toEqual({ round, spoilt, raw: undefined })
    }
  },
)
