/** RemoteBackend against `icthp serve` in processes of its own: what one icthp with a GPU does for many without. */
import { readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import type { InferenceSession, Tensors } from '../../../src/backend/backend.ts'
import { HpScorer, IctScorer, type NodeScorerOptions } from '../../../src/node.ts'
import { RemoteBackend, type RemoteOptions } from '../../../src/remote.ts'
import { buildCli } from '../../cli/built-cli.ts'
import { PATIENCE } from '../../patience.ts'
import { type ServeProcess, startServe } from '../../server/serve-process.ts'

const DEMO = fileURLToPath(new URL('../../../models/demo', import.meta.url))
const examples = new URL('../../../examples/images/', import.meta.url)
/** A batch of four, and one more. */
const images = readdirSync(examples)
  .slice(0, 5)
  .map((name) => fileURLToPath(new URL(name, examples)))
const PROMPTS = ['a red apple', 'a tiny dragon in a teacup', 'x', '']

const running: ServeProcess[] = []
afterEach(() => running.splice(0).forEach(({ child }) => child.kill('SIGKILL')))

async function serve(...args: string[]): Promise<ServeProcess> {
  const started = await startServe(args)
  running.push(started)
  return started
}

const grpcUrl = async ({ said }: ServeProcess): Promise<string> =>
  `grpc://127.0.0.1:${await vi.waitUntil(() => /gRPC on port (\d+)/.exec(said.stderr)?.[1], PATIENCE)}`

/** All that the towers say of the example pictures. */
async function answersOf(options: NodeScorerOptions): Promise<Record<string, unknown>> {
  await using hp = await HpScorer.fromPretrained(DEMO, { batchSize: 4, ...options })
  await using ict = await IctScorer.fromPretrained(DEMO, { batchSize: 4, ...options })
  return {
    hp: await hp.score(images),
    embeddings: await hp.embedImages(images),
    ict: await ict.matrix(images, PROMPTS),
    texts: await ict.embedTexts(PROMPTS),
  }
}

let local: Record<string, unknown>
beforeAll(async () => {
  await buildCli()
  local = await answersOf({ device: 'cpu' })
})

describe('the towers of icthp serve', () => {
  test('answer as the local backend does, bit for bit, in each way to speak', async () => {
    const server = await serve('--grpc-port', '0')
    const grpc = await grpcUrl(server)
    for (const [url, protocol, spoken] of [
      [server.url, 'http', 'REST binary'],
      [server.url, 'auto', 'REST binary'],
      [grpc, 'auto', 'gRPC'],
      [grpc.replace('grpc:', 'http:'), 'grpc', 'gRPC'],
    ] as const) {
      const backend = new RemoteBackend({ url, protocol })
      expect(await answersOf({ backend })).toEqual(local)
      expect(backend.name).toBe(`remote ${url} (${spoken})`)
      await backend.dispose()
    }
  })

  test('are not there for who has not the token', async () => {
    const server = await serve('--token', 'sesame', '--grpc-port', '0', '--only', 'hp')
    const grpc = await grpcUrl(server)
    const score = async (options: RemoteOptions): Promise<unknown> => {
      const backend = new RemoteBackend({ retries: 0, ...options })
      await using hp = await HpScorer.fromPretrained(DEMO, { backend, batchSize: 4 })
      return await hp.score(images)
    }
    const headers = { authorization: 'Bearer sesame' }
    for (const url of [server.url, grpc]) {
      expect(await score({ url, headers })).toEqual(local['hp'])
      expect(await score({ url: url.replace('//', '//any:sesame@') })).toEqual(local['hp'])
      await expect(score({ url })).rejects.toMatchObject({ code: 'backend_failed' })
      await expect(score({ url: url.replace('//', '//any:wrong@') })).rejects.toThrow(/token/)
    }
  })
})

const session = (options: RemoteOptions): Promise<InferenceSession> =>
  new RemoteBackend(options).load(
    { name: 'text', tower: 'ict_text', files: () => Promise.reject(new Error('none')) },
    { device: 'remote' },
  )

/** A prompt of one token. */
const prompt = (id: number): Tensors => ({
  input_ids: { dtype: 'int64', dims: [1, 3], data: BigInt64Array.of(49406n, BigInt(id), 49407n) },
})
const embedsOf = async (from: InferenceSession, id: number): Promise<unknown> =>
  (await from.run(prompt(id)))['text_embeds']!.data

const IDS = Array.from({ length: 200 }, (_, i) => 300 + i)

test('two behind one pool, one killed under load: nothing is lost, and the numbers stay', async () => {
  const [one, two] = await Promise.all([serve(), serve()])
  const alone = await session({ url: one.url, protocol: 'http' })
  const expected = await Promise.all(IDS.map((id) => embedsOf(alone, id)))
  const pool = await session({ url: [one.url, two.url], protocol: 'http' })
  let done = 0
  const asked = IDS.map(async (id) => {
    const embeds = await embedsOf(pool, id)
    if (++done === 20) two.child.kill('SIGKILL')
    return embeds
  })
  expect(await Promise.all(asked)).toEqual(expected)
  expect(await two.ended).toBe('SIGKILL')
})

test('kill -9 under load and a start again: who tries again gets every answer', async () => {
  const first = await serve()
  const { port } = new URL(first.url)
  const remote = await session({ url: first.url, protocol: 'http', retries: 30 })
  const expected = await Promise.all(IDS.map((id) => embedsOf(remote, id)))
  let done = 0
  const asked = IDS.map(async (id) => {
    const embeds = await embedsOf(remote, id)
    if (++done === 20) first.child.kill('SIGKILL')
    return embeds
  })
  expect(await first.ended).toBe('SIGKILL')
  await serve('--port', port)
  expect(await Promise.all(asked)).toEqual(expected)
})
