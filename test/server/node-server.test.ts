import { connect, type Socket } from 'node:net'
import { afterEach, expect, test, vi } from 'vitest'
import { type Listening, serveOnNode, type ServeOptions } from '../../src/server/node/serve-node.ts'
import { base64, file, served, untilWaiting } from './served.ts'

const open: Listening[] = []
afterEach(async () => {
  for (const each of open.splice(0)) await each.close()
})

async function listening(
  options: ServeOptions = {},
  ...given: Parameters<typeof served>
): Promise<Listening & ReturnType<typeof served>> {
  const made = served(...given)
  const running = await serveOnNode(made.server, { port: 0, ...options })
  open.push(running)
  return { ...made, ...running }
}

/** What a server says to bytes, and that it has ended the connection. */
function talk(port: number, ...parts: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    let said = ''
    const socket: Socket = connect(port, '127.0.0.1', () => parts.forEach((part) => socket.write(part)))
    socket.setEncoding('utf8').on('data', (text: string) => (said += text))
    socket.on('close', () => resolve(said))
    socket.on('error', (error: NodeJS.ErrnoException) =>
      error.code === 'ECONNRESET' ? resolve(said) : reject(error),
    )
  })
}

const images = [base64(file(1, 500))]
const score = (url: string, init: RequestInit = {}): Promise<Response> =>
  fetch(`${url}/v1/score`, { method: 'POST', body: JSON.stringify({ images }), ...init })

test('scores over a socket', async () => {
  const { url } = await listening()
  const response = await score(url)
  expect(await response.json()).toMatchObject({ results: [{ hp: expect.closeTo(0.5, 6) as unknown }] })
})

test('a probe without a Host, as HTTP/1.0 has it and HAProxy sends it, is answered', async () => {
  const { port } = await listening()
  expect(await talk(port, 'GET /health/ready HTTP/1.0\r\n\r\n')).toMatch(/^HTTP\/1\.1 200 OK\r\n/)
  expect(await talk(port, 'GET /v2/health/ready HTTP/1.0\r\n\r\n')).toMatch(/^HTTP\/1\.1 200 OK\r\n/)
})

test('an address that is taken is an error that says so', async () => {
  const { port, server } = await listening()
  await expect(serveOnNode(server, { port })).rejects.toMatchObject({
    code: 'output_failed',
    message: expect.stringContaining('something else listens there') as unknown,
  })
})

test('connections that send nothing are ended, and others are served meanwhile', async () => {
  const { url, port } = await listening({ headersSeconds: 1 })
  const silent = Array.from({ length: 1000 }, () => talk(port))
  expect((await score(url)).status).toBe(200)
  // Node's own look at its connections may come first, and says so.
  for (const said of await Promise.all(silent)) expect(said).toMatch(/^(?:HTTP\/1\.1 408 .*)?$/s)
})

test('a short time for uploads holds for heads, too', async () => {
  const { port } = await listening({ uploadSeconds: 1 })
  expect(await talk(port, 'POST /v1/score HTTP/1.1\r\nHost: a\r\n')).toContain('408')
})

test.each(['TRACE', 'PUT', 'DELETE', 'OPTIONS', 'PROPFIND'])('%s is not served', async (method) => {
  const failures: unknown[] = []
  const { port } = await listening({}, { onError: (error) => failures.push(error) })
  const head = `${method} /v1/score HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`
  expect(await talk(port, head)).toContain('HTTP/1.1 404')
  expect(failures).toEqual([])
})

test('a head that does not end is cut off', async () => {
  const { port } = await listening({ headersSeconds: 1, uploadSeconds: 1 })
  expect(await talk(port, 'POST /v1/score HTTP/1.1\r\nHost: a\r\n')).toContain('408')
})

test('a head without an end in size is refused', async () => {
  const { port } = await listening()
  expect(await talk(port, `GET / HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(40_000)}`)).toContain('431')
})

test('a body that comes too slowly is cut off', async () => {
  const { port, calls } = await listening({ headersSeconds: 1, uploadSeconds: 1 })
  const head = 'POST /v1/score HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n{'
  expect(await talk(port, head)).toContain('408')
  expect(calls.decoded).toEqual([])
})

test('a body without an end is refused when it is over the limit', async () => {
  const { port } = await listening({}, { maxBodyBytes: 10_000 })
  const head = 'POST /v1/score HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n'
  const chunk = `1000\r\n${'x'.repeat(0x1000)}\r\n`
  expect(await talk(port, head, ...Array.from({ length: 40 }, () => chunk))).toContain('413')
})

test.each([
  ['shorter than the body', 'Content-Length: 5\r\nConnection: close\r\n\r\n{"images":[]}', '400'],
  ['that is no number', 'Content-Length: many\r\n\r\n{}', '400'],
  ['told twice', 'Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}', '400'],
  ['beside chunks', 'Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n', '400'],
  ['of chunks that is no number', 'Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n', '400'],
])('a length %s is refused', async (_, rest, status) => {
  const { port } = await listening({ headersSeconds: 1, uploadSeconds: 1 })
  expect(await talk(port, `POST /v1/score HTTP/1.1\r\nHost: a\r\n${rest}`)).toContain(`HTTP/1.1 ${status}`)
})

test('a refusal reaches a client that is still sending its body', async () => {
  const { url } = await listening({}, { maxBodyBytes: 1000 })
  const response = await score(url, { body: new Uint8Array(8 << 20) })
  expect(response.status).toBe(413)
})

test('a client that hangs up leaves its room to others', async () => {
  const statuses: number[] = []
  const options = { onRequest: ({ status }: { readonly status: number }) => statuses.push(status) }
  const { url, server } = await listening({}, options, { latency: { decode: 10_000 } })
  const gone = new AbortController()
  const asked = score(url, { signal: gone.signal })
  await untilWaiting(server, 1)
  gone.abort()
  await expect(asked).rejects.toThrow()
  await untilWaiting(server, 0)
  await vi.waitUntil(() => statuses.length > 0)
  expect(statuses).toEqual([499])
})

test('an end answers what runs, and does not wait for connections that are kept', async () => {
  const running = await listening({}, {}, { latency: { run: 100 } })
  const asked = score(running.url)
  const silent = talk(running.port)
  await untilWaiting(running.server, 1)
  const closed = running.close()
  expect((await asked).status).toBe(200)
  await closed
  open.splice(0)
  expect(await silent).toBe('')
  await expect(score(running.url)).rejects.toThrow()
})

test('a body in chunks is taken by every set of routes', async () => {
  const { port } = await listening({}, { pickle: true })
  const chunked = (path: string, body: unknown): Promise<string> => {
    const text = JSON.stringify(body)
    const head = `POST ${path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n`
    return talk(port, head, `${text.length.toString(16)}\r\n${text}\r\n`, '0\r\n\r\n')
  }
  const ids = { name: 'input_ids', shape: [1, 2], datatype: 'INT64', data: [49406, 49407] }
  for (const [path, body] of [
    ['/v1/score', { images }],
    ['/v1/rank', { images }],
    ['/v1/embeddings', { input: 'a cat' }],
    ['/v1/rerank', { query: 'a cat', documents: [{ image: images[0] }] }],
    ['/hp/compute', { image: images }],
    ['/score', { requests: [{ history: [{ image_b64: images[0] }], required_rewards: ['hp'] }] }],
    ['/v2/models/ict_text/infer', { inputs: [ids] }],
    ['/v2/models/ict_text/versions/1/infer', { inputs: [ids] }],
  ] as const)
    expect(await chunked(path, body)).toContain('HTTP/1.1 200')
})
