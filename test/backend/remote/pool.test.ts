import { readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { afterAll, expect, test } from 'vitest'
import type { InferenceSession, Tensor, Tensors } from '../../../src/backend/backend.ts'
import { HpScorer } from '../../../src/node.ts'
import { RemoteBackend, type RemoteOptions } from '../../../src/remote.ts'
import { endServers, startForeign } from './server-process.ts'

afterAll(endServers)

const DEMO = fileURLToPath(new URL('../../../models/demo', import.meta.url))
const examples = new URL('../../../examples/images/', import.meta.url)
const images = readdirSync(examples).map((name) => fileURLToPath(new URL(name, examples)))

const load = (options: RemoteOptions): Promise<InferenceSession> =>
  new RemoteBackend(options).load(
    { name: 'text', tower: 'ict_text', files: () => Promise.reject(new Error('none')) },
    { device: 'remote' },
  )

/** Prompts of one token each, told apart by it. */
function prompts(first: number, count: number): Tensors {
  const rows = Array.from({ length: count }, (_, i) => [49406n, BigInt(first + i), 49407n]).flat()
  return { input_ids: { dtype: 'int64', dims: [count, 3], data: BigInt64Array.from(rows) } }
}
const embedsOf = ({ text_embeds: embeds }: Tensors): Tensor['data'] => embeds!.data

test.each(['auto', 'http'] as const)(
  'one of two is killed under load: nothing is lost (%s)',
  async (protocol) => {
    const servers = await Promise.all([
      startForeign('kserve', { slow: 20 }),
      startForeign('kserve', { slow: 20 }),
    ])
    const session = await load({ url: servers.map(({ url }) => url), protocol })
    const alone = await load({ url: servers[0].url, protocol })
    const expected = embedsOf(await alone.run(prompts(300, 60)))
    const size = expected.length / 60
    let done = 0
    const runs = Array.from({ length: 60 }, async (_, i) => {
      const answer = embedsOf(await session.run(prompts(300 + i, 1)))
      done++
      if (done === 12) await servers[1].end()
      return answer
    })
    for (const [i, answer] of (await Promise.all(runs)).entries())
      expect(answer).toEqual(expected.slice(i * size, (i + 1) * size))
    await servers[0].end()
  },
)

test('a dead one is passed over, and works again when it is back', async () => {
  const [here, away] = await Promise.all([startForeign('kserve'), startForeign('kserve')])
  const session = await load({ url: [here.url, away.url], protocol: 'http' })
  await away.end()
  const expected = embedsOf(await session.run(prompts(300, 2)))
  // While it is away nobody asks it: all is as quick as alone.
  expect(embedsOf(await session.run(prompts(300, 2)))).toEqual(expected)
  const back = await startForeign('kserve', { port: away.port, grpc: false })
  await expect
    .poll(async () => {
      expect(embedsOf(await session.run(prompts(300, 2)))).toEqual(expected)
      return (await back.seen()).rows.length
    })
    .toBeGreaterThan(0)
  await Promise.all([here.end(), back.end()])
})

test('a batch is shared out over the servers that are idle', async () => {
  const servers = await Promise.all([startForeign('kserve'), startForeign('triton'), startForeign('ovms')])
  const backend = new RemoteBackend({ url: servers.map(({ url }) => url) })
  await using hp = await HpScorer.fromPretrained(DEMO, { backend, batchSize: 9 })
  await using local = await HpScorer.fromPretrained(DEMO, { device: 'cpu' })
  expect(await hp.score(images)).toEqual(await local.score(images))
  // One of them had the self-test, too.
  for (const { seen } of servers) expect((await seen()).rows.filter((rows) => rows > 1)).toEqual([3])
  await Promise.all(servers.map((server) => server.end()))
})

test('a pool of which one is away loads, and one that lacks the tower does not', async () => {
  const server = await startForeign('kserve')
  const poor = await startForeign('kserve', { models: {} })
  const options = { protocol: 'http', retries: 0 } as const
  await (await load({ url: [server.url, 'http://127.0.0.1:9'], ...options })).run(prompts(300, 3))
  await expect(load({ url: [server.url, poor.url], ...options })).rejects.toMatchObject({
    message: expect.stringContaining(poor.url) as string,
    details: { status: 404 },
  })
  await Promise.all([server.end(), poor.end()])
})
