import { fileURLToPath } from 'node:url'
import { afterAll, expect, test } from 'vitest'
import type { InferenceSession, ModelSource, Tensors } from '../../../src/backend/backend.ts'
import { HpScorer, IctScorer } from '../../../src/node.ts'
import { RemoteBackend, type RemoteOptions } from '../../../src/remote.ts'
import { endServers, startForeign } from './server-process.ts'

afterAll(endServers)

const DEMO = fileURLToPath(new URL('../../../models/demo', import.meta.url))
const tower = (name: string): ModelSource => ({
  name,
  tower: name,
  files: () => Promise.reject(new Error('no file may be asked for')),
})
const load = (options: RemoteOptions, name = 'ict_text'): Promise<InferenceSession> =>
  new RemoteBackend(options).load(tower(name), { device: 'remote' })

const ids: Tensors = {
  input_ids: {
    dtype: 'int64',
    dims: [2, 3],
    data: BigInt64Array.of(49406n, 320n, 49407n, 49406n, 500n, 49407n),
  },
}

test.each([
  [undefined, 'url'],
  ['', 'address'],
  ['ftp://host', 'address'],
  ['http://', 'address'],
  ['grpc://host', 'address'],
  [[], 'url'],
])('refuses the address %j', (url, told) => {
  expect(() => new RemoteBackend({ url: url as never })).toThrow(
    expect.objectContaining({
      code: 'input_invalid_option',
      message: expect.stringContaining(told) as string,
    }),
  )
})

test.each([
  { headers: { authorization: 'Bearer sesame\n' } },
  { headers: { 'a b': 'c' } },
  { headers: { a: 5 } },
  { headers: 'Bearer sesame' },
  { names: { hp_vision: '' } },
  { names: { hp_vision: 5 } },
])('refuses %j, and prints no token', (wrong) => {
  expect(() => new RemoteBackend({ url: 'host:1', ...wrong } as never)).toThrow(
    expect.objectContaining({
      code: 'input_invalid_option',
      message: expect.not.stringMatching(/sesame.n/) as string,
    }),
  )
})

test('a percent sign in a password may stand for itself', () => {
  expect(() => new RemoteBackend({ url: 'http://user:100%@host:1' })).not.toThrow()
})

test.each([{ protocol: 'h2' }, { maxBytes: 0 }, { timeout: 1.5 }, { retries: -1 }])('refuses %j', (wrong) => {
  expect(() => new RemoteBackend({ url: 'host:1', ...wrong } as never)).toThrow(
    expect.objectContaining({ code: 'input_invalid_option' }),
  )
})

test('what is temporary is tried again, and what the server says when it has enough comes through', async () => {
  const busy = [503, { error: 'Server is overloaded' }, { 'retry-after': '0' }]
  const server = await startForeign('kserve', { refuse: [busy, busy, busy, busy, busy] })
  const options = { url: server.url, protocol: 'http', retries: 2 } as const
  const session = await load(options)
  await expect(session.run(ids)).rejects.toMatchObject({
    name: 'BackendError',
    code: 'backend_failed',
    message: `ict_text failed at ${server.url}: Server is overloaded (HTTP 503)`,
    details: { status: 503, temporary: true, url: server.url, model: 'ict_text' },
  })
  // Three tries have used up three refusals; two are left.
  const { text_embeds: embeds } = await session.run(ids)
  expect(embeds!.dims).toEqual([2, 256])
  await server.end()
})

test.each([
  ['json', [500, { error: 'out of memory' }], 'out of memory (HTTP 500)'],
  ['text', [400, 'plain words\u001b[31m of\na server'], 'plain words [31m of a server (HTTP 400)'],
  ['detail', [422, { detail: [{ msg: 'Field required' }] }], '[{"msg":"Field required"}] (HTTP 422)'],
  ['empty', [500, ''], 'HTTP 500 Internal Server Error'],
  ['no JSON', [200, 'hello'], 'its answer cannot be read: the body is not JSON'],
  ['no outputs', [200, {}], 'its answer cannot be read: there is no list of outputs'],
])('what is not temporary is not tried again: %s', async (_, refusal, told) => {
  // Twice, since the first may mean the encoding alone.
  const server = await startForeign('ovms', { refuse: [refusal, refusal] })
  const session = await load({ url: server.url, protocol: 'http' })
  await expect(session.run(ids)).rejects.toMatchObject({
    code: 'backend_failed',
    message: `ict_text failed at ${server.url}: ${told}`,
  })
  await session.run(ids)
  await server.end()
})

test('gRPC: temporary ones are tried again, others come through with what the server said', async () => {
  const server = await startForeign('triton', {
    refuse: [
      [14, 'just a moment'],
      [13, 'CUDA error'],
    ],
  })
  const session = await load({ url: server.url, protocol: 'auto' })
  await expect(session.run(ids)).rejects.toMatchObject({
    code: 'backend_failed',
    message: `ict_text failed at ${server.url}: CUDA error (gRPC INTERNAL)`,
    details: { status: 'INTERNAL' },
  })
  await server.end()
})

test('a tower that the server has not is told by its name, with what the server says', async () => {
  const server = await startForeign('triton')
  for (const [protocol, status] of [
    ['auto', 'gRPC NOT_FOUND'],
    ['http', 'HTTP 404'],
  ] as const) {
    const options = { url: server.url, protocol, names: { hp_vision: 'aesthetics' } }
    await expect(load(options, 'hp_vision')).rejects.toMatchObject({
      code: 'backend_failed',
      message: `aesthetics failed at ${server.url}: Request for unknown model: 'aesthetics' is not found (${status})`,
    })
    await load(options, 'ict_vision')
  }
  await server.end()
})

test.each(['triton', 'kserve', 'ovms'] as const)(
  'a model that is still being loaded is waited for: %s',
  async (manner) => {
    const server = await startForeign(manner, { loads: 2 })
    const options = { url: server.url, protocol: 'http' } as const
    expect((await (await load(options)).run(ids))['text_embeds']!.dims).toEqual([2, 256])
    await server.end()
    const slower = await startForeign(manner, { loads: 9 })
    await expect(load({ ...options, url: slower.url, retries: 1 })).rejects.toMatchObject({
      code: 'backend_failed',
      message: expect.stringMatching(/not (?:ready|loaded yet)/) as string,
      details: { temporary: true },
    })
    await slower.end()
  },
)

test('a gateway whose server is away for a moment is asked again', async () => {
  const server = await startForeign('kserve', { live: [502, 503], grpc: false })
  expect((await (await load({ url: server.url })).run(ids))['text_embeds']!.dims).toEqual([2, 256])
  await server.end()
})

test('an address where something else answers is told as one', async () => {
  const server = await startForeign('kserve', { live: [404], grpc: false })
  await expect(load({ url: server.url })).rejects.toMatchObject({
    code: 'backend_failed',
    message: expect.stringContaining('does not speak the Open Inference Protocol') as string,
    details: { status: 404 },
  })
  await server.end()
})

test('tokens go with every request, and a wrong one is told', async () => {
  const server = await startForeign('triton', { token: 'Bearer right' })
  for (const protocol of ['auto', 'http'] as const) {
    const headers = { Authorization: 'Bearer right' }
    await (await load({ url: server.url, protocol, headers })).run(ids)
    await expect(load({ url: server.url, protocol })).rejects.toMatchObject({
      code: 'backend_failed',
      message: expect.stringContaining('who are you?') as string,
    })
  }
  await server.end()
})

test('another model under the right name is refused by the self-test', async () => {
  const server = await startForeign('kserve', { spoil: -1 })
  const backend = new RemoteBackend({ url: server.url })
  await expect(IctScorer.fromPretrained(DEMO, { backend })).rejects.toMatchObject({
    code: 'model_self_test_failed',
    message: expect.stringContaining('The server runs another model under this name') as string,
    details: { device: 'remote' },
  })
  await server.end()
})

test('an abort rejects with its reason while the server still works, and the session goes on', async () => {
  for (const protocol of ['auto', 'http'] as const) {
    const server = await startForeign('kserve', { slow: 1500 })
    const session = await load({ url: server.url, protocol })
    const stop = new AbortController()
    const running = session.run(ids, { signal: stop.signal })
    const reason = new Error('enough')
    setTimeout(() => stop.abort(reason), 50)
    await expect(running).rejects.toBe(reason)
    await session.run(ids)
    await server.end()
  }
})

test('a server that takes too long is told as one that does not answer', async () => {
  const server = await startForeign('kserve', { slow: 60_000 })
  for (const protocol of ['grpc', 'http'] as const) {
    const url = protocol === 'grpc' ? `grpc://127.0.0.1:${server.grpcPort}` : server.url
    const session = await load({ url, protocol, timeout: 1000, retries: 0 })
    await expect(session.run(ids)).rejects.toMatchObject({
      code: 'backend_unreachable',
      message: expect.stringMatching(/no answer within 1 s/) as string,
      details: { status: 'timeout' },
    })
  }
  await server.end()
})

test('nobody there is a note of auto, an error of remote, and an error of load', async () => {
  const backend = new RemoteBackend({ url: 'http://user:secret@127.0.0.1:9', retries: 0 })
  expect(await backend.probe('auto')).toEqual({
    device: 'remote',
    notes: [expect.stringMatching(/^http:\/\/127\.0\.0\.1:9 does not answer: /)],
  })
  await expect(backend.probe('remote')).rejects.toMatchObject({ code: 'device_unavailable' })
  const failed = await HpScorer.fromPretrained(DEMO, { backend }).catch((error: Error) => error)
  expect(failed).toMatchObject({ code: 'backend_unreachable' })
  expect(String((failed as Error).message)).not.toContain('secret')
})
