import { readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { HpScorer, IctScorer, type NodeScorerOptions } from '../../../src/node.ts'
import { RemoteBackend, type RemoteOptions } from '../../../src/remote.ts'
import { endServers, type Manner, startForeign } from './server-process.ts'

const DEMO = fileURLToPath(new URL('../../../models/demo', import.meta.url))
const examples = new URL('../../../examples/images/', import.meta.url)
const images = readdirSync(examples)
  .slice(0, 5)
  .map((name) => fileURLToPath(new URL(name, examples)))
const PROMPTS = ['a red apple', 'a tiny dragon in a teacup']

/** All that the towers say of the example pictures, and the backend that said it. */
async function answersOf(options: NodeScorerOptions): Promise<Record<string, unknown>> {
  await using hp = await HpScorer.fromPretrained(DEMO, { batchSize: 4, ...options })
  await using ict = await IctScorer.fromPretrained(DEMO, { batchSize: 4, ...options })
  return {
    hp: await hp.score(images),
    logits: await hp.logits(images),
    embeddings: await hp.embedImages(images),
    ict: await ict.matrix(images, PROMPTS),
    texts: await ict.embedTexts(PROMPTS),
  }
}

let local: Record<string, unknown>
beforeAll(async () => void (local = await answersOf({ device: 'cpu' })))
afterAll(endServers)

/** What each is spoken to in, and whether a request of two pictures comes in one piece. */
const SPOKEN: readonly (readonly [Manner, RemoteOptions['protocol'], string])[] = [
  ['triton', 'auto', 'gRPC'],
  ['triton', 'http', 'REST binary'],
  ['kserve', 'auto', 'gRPC'],
  ['kserve', 'http', 'REST binary'],
  ['ovms', 'auto', 'gRPC'],
  ['ovms', 'http', 'REST binary'],
  ['mlserver', 'auto', 'gRPC'],
  ['mlserver', 'http', 'REST JSON'],
]

describe.each(SPOKEN)('a server like %s, protocol %s', (manner, protocol, spoken) => {
  test(`is spoken to in ${spoken} and answers as the local backend does, bit for bit`, async () => {
    const server = await startForeign(manner)
    const backend = new RemoteBackend({ url: server.url, protocol })
    expect(await answersOf({ backend })).toEqual(local)
    expect(backend.name).toBe(`remote ${server.url} (${spoken})`)
    const { binary, grpc } = await server.seen()
    expect({ binary: binary > 0, grpc: grpc > 0 }).toEqual({
      binary: spoken === 'REST binary',
      grpc: spoken === 'gRPC',
    })
    await backend.dispose()
    await server.end()
  })
})

test('batches are split to what a server takes, found out by its refusals, and the numbers stay', async () => {
  const server = await startForeign('mlserver', { grpcBytes: 2 << 20 })
  const backend = new RemoteBackend({ url: server.url })
  await using hp = await HpScorer.fromPretrained(DEMO, { backend, batchSize: 5 })
  const scores = await hp.score(images)
  expect(scores).toEqual(local['hp'])
  expect(await hp.score(images)).toEqual(scores)
  const { rows } = await server.seen()
  // The self-test; then five are refused once, and three and two are taken from then on.
  expect(rows.slice(1).sort()).toEqual([2, 2, 3, 3])
  await server.end()
})

test('maxBytes splits before anything is refused', async () => {
  const server = await startForeign('kserve')
  const backend = new RemoteBackend({ url: server.url, maxBytes: 2 * 224 * 224 * 3 * 4 })
  await using hp = await HpScorer.fromPretrained(DEMO, { backend, batchSize: 5 })
  expect(await hp.score(images)).toEqual(local['hp'])
  expect((await server.seen()).rows.slice(1).sort()).toEqual([1, 2, 2])
  await server.end()
})

test.each(['auto', 'http'] as const)(
  'rows are split to what a model takes at a time, found out by its refusal (%s)',
  async (protocol) => {
    const server = await startForeign('triton', { maxRows: 2 })
    const backend = new RemoteBackend({ url: server.url, protocol })
    await using hp = await HpScorer.fromPretrained(DEMO, { backend, batchSize: 5 })
    expect(await hp.score(images)).toEqual(local['hp'])
    expect(await hp.score(images)).toEqual(local['hp'])
    // The self-test, then twice five pictures.
    expect((await server.seen()).rows.slice(1).sort()).toEqual([1, 1, 2, 2, 2, 2])
    await server.end()
  },
)

test('a body that is too large is split also where a server refuses it with 400', async () => {
  const server = await startForeign('triton', { restBytes: 2 << 20 })
  const backend = new RemoteBackend({ url: server.url, protocol: 'http' })
  await using hp = await HpScorer.fromPretrained(DEMO, { backend, batchSize: 5 })
  expect(await hp.score(images)).toEqual(local['hp'])
  expect(backend.name).toContain('REST binary')
  expect((await server.seen()).rows.slice(1).sort()).toEqual([2, 3])
  await server.end()
})
