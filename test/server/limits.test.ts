import { describe, expect, test } from 'vitest'
import { base64, file, served, untilWaiting, waitingIn } from './served.ts'

const images = [base64(file(1, 2))]

describe('a token', () => {
  const server = (): ReturnType<typeof served> => served({ tokens: ['open sesame', 'other', '\u00e9\u00df'] })
  const ask = async (authorization?: string): Promise<number> => {
    const headers = authorization === undefined ? {} : { authorization }
    return (await server().post('/v1/score', { images }, { headers })).status
  }

  test.each([
    ['Bearer open%20sesame', 401],
    ['Bearer open sesame', 200],
    ['Bearer  open sesame ', 200],
    ['Bearer \u00e9\u00df', 200],
    // As curl sends it: the bytes of UTF-8, each a character.
    ['Bearer \u00c3\u00a9\u00c3\u009f', 200],
    [`Basic ${Buffer.from('any:\u00e9\u00df').toString('base64')}`, 200],
    ['Bearer other', 200],
    ['bearer other', 200],
    ['Bearer Other', 401],
    ['Bearer othe', 401],
    ['Bearer ', 401],
    ['other', 401],
    [`Basic ${btoa('anybody:other')}`, 200],
    [`Basic ${btoa(':open sesame')}`, 200],
    [`Basic ${btoa('other')}`, 200],
    [`Basic ${btoa('other:')}`, 401],
    ['Basic ***', 401],
    [undefined, 401],
  ])('%j gives %i', async (authorization, status) => {
    expect(await ask(authorization)).toBe(status)
  })

  test.each([[[]], [['']], [[undefined]], [['a\n']], [[' a']], ['a'], [[,]]])(
    'that nobody could send, or everybody: %j is refused',
    (tokens) => {
      expect(() => served({ tokens: tokens as string[] })).toThrow(
        expect.objectContaining({ code: 'input_invalid_option' }) as Error,
      )
    },
  )

  test('that is missing is asked for, and nothing is run', async () => {
    const { post, calls } = server()
    const { headers, json } = await post('/v1/score', { images })
    expect(headers.get('www-authenticate')).toContain('Bearer')
    expect(json['error']).toMatchObject({ code: 'request_unauthorized' })
    expect(calls.decoded).toEqual([])
  })

  test.each(['/', '/health', '/health/ready', '/ict/health', '/openapi.json'])(
    'is not asked for at %s',
    async (path) => {
      expect((await server().get(path)).status).toBe(200)
    },
  )

  test.each(['/v1/models', '/metrics', '/rewards', '/v2', '/nothing', '/health/../v1/models', '//'])(
    'is asked for at %s',
    async (path) => {
      expect((await server().get(path)).status).toBe(401)
    },
  )
})

describe('a body', () => {
  test('that says it is too large is refused before it is read', async () => {
    const { post } = served({ maxBodyBytes: 100 })
    const { status, json } = await post(
      '/v1/score',
      { images: [base64(new Uint8Array(200))] },
      {
        headers: { 'content-length': '301' },
      },
    )
    expect(status).toBe(413)
    expect(json['error']).toMatchObject({ code: 'request_too_large' })
  })

  test('without an end is cut off, and read no further', async () => {
    const { server } = served({ maxBodyBytes: 10_000 })
    let pulled = 0
    const body = new ReadableStream({
      pull: (controller) => {
        pulled++
        controller.enqueue(new Uint8Array(1000))
      },
    })
    const init = { method: 'POST', body, duplex: 'half' } as RequestInit
    const response = await server.fetch(new Request('http://icthp.test/v1/score', init))
    expect(response.status).toBe(413)
    expect(pulled).toBeLessThan(20)
  })

  test('that comes in pieces without a length is read all the same', async () => {
    const { server } = served()
    const text = JSON.stringify({ images, rewards: ['hp'] })
    const body = new ReadableStream({
      start: (controller) => {
        for (const part of [text.slice(0, 7), text.slice(7)])
          controller.enqueue(new TextEncoder().encode(part))
        controller.close()
      },
    })
    const init = { method: 'POST', body, duplex: 'half' } as RequestInit
    const response = await server.fetch(new Request('http://icthp.test/v1/score', init))
    expect(await response.json()).toMatchObject({ results: [{ index: 0 }] })
  })

  test('is refused unread where as much waits as may: 429, and when to come again', async () => {
    const { post, server } = served({ maxQueue: { images: 1 } }, { latency: { run: 200 } })
    const first = post('/v1/score', { images })
    await untilWaiting(server, 1)
    const second = await post('/v1/score', { images })
    expect([second.status, second.headers.get('retry-after')]).toEqual([429, '1'])
    expect((await first).status).toBe(200)
    expect((await post('/v1/score', { images })).status).toBe(200)
  })

  test('is not counted any more once it was answered or refused', async () => {
    const { post, server } = served({ maxQueue: { bytes: 400 } })
    const { allowance } = server.desk as unknown as { allowance: { images: number; bytes: number } }
    for (const body of [{ images }, { images: 5 }, { images: ['!'] }, { images, prompts: [] }])
      await post('/v1/score', body)
    expect([allowance.images, allowance.bytes]).toEqual([0, 0])
  })
})

test('a client that hangs up is answered to nobody, and leaves nothing behind', async () => {
  const { server, post } = served({}, { latency: { decode: 10_000 } })
  const gone = new AbortController()
  const asked = post('/v1/score', { images }, { signal: gone.signal })
  await untilWaiting(server, 1)
  gone.abort()
  expect((await asked).status).toBe(499)
  expect(waitingIn(server)).toBe(0)
})

test('a request that takes too long is refused with 503, which may be tried again', async () => {
  const { post } = served({ timeoutSeconds: 0.02 }, { latency: { run: 10_000 } })
  const { status, json, headers } = await post('/v1/score', { images })
  expect([status, headers.get('retry-after')]).toEqual([503, '1'])
  expect(json['error']).toMatchObject({ code: 'request_timeout' })
})

test('a server that closes answers what it has, takes no more, and says that it is not ready', async () => {
  const { server, post, get } = served({}, { latency: { run: 200 } })
  const asked = post('/v1/score', { images })
  await untilWaiting(server, 1)
  const closed = server.close()
  expect((await post('/v1/score', { images })).status).toBe(503)
  expect((await get('/health')).status).toBe(200)
  expect((await get('/health/ready')).status).toBe(503)
  expect((await asked).status).toBe(200)
  await closed
})

test('a failure of our own is a 500 that says nothing of the inside, and is told to the owner', async () => {
  const told: unknown[] = []
  const { get } = served({
    onError: (error) => told.push(error),
    metrics: {
      request: () => {},
      image: () => {},
      batch: () => {},
      decoded: () => {},
      watchQueue: () => {},
      render: () => Promise.reject(new Error('secret place')),
    },
  })
  const { status, text } = await get('/metrics')
  expect(status).toBe(500)
  expect(text).not.toContain('secret')
  expect(told).toEqual([new Error('secret place')])
})

test('under a base path, all that is below it is served, and tokens are asked for all the same', async () => {
  const { get, post } = served({ basePath: '/api/reward', tokens: ['a'] })
  expect((await get('/api/reward/health')).status).toBe(200)
  expect((await post('/api/reward/v1/score', { images })).status).toBe(401)
  const { json } = await post('/api/reward/v1/score', { images }, { headers: { authorization: 'Bearer a' } })
  expect(json).toMatchObject({ results: [{ index: 0 }] })
  expect((await get('/health')).status).toBe(404)
})

test('a page that is mounted says where it is, and a document below what it holds', async () => {
  const { get } = served({ basePath: '/api/reward/' })
  expect((await get('/api/reward')).text).toContain("fetch(base + 'v1/rank'")
  expect((await get('/api/reward/openapi.json')).json).toMatchObject({ servers: [{ url: '/api/reward' }] })
  expect((await served().get('/openapi.json')).json).not.toHaveProperty('servers')
})

test('a server that is shut down is not ready, in each protocol', async () => {
  const { server, get } = served()
  const paths = ['/health/ready', '/ict/health/ready', '/v2/health/ready', '/v2/models/hp_vision/ready']
  const statuses = async (): Promise<number[]> =>
    Promise.all(paths.map(async (path) => (await get(path)).status))
  expect(await statuses()).toEqual([200, 200, 200, 200])
  await server.close()
  expect(await statuses()).toEqual([503, 503, 503, 503])
  expect((await get('/v2/health/live')).status).toBe(200)
})

test('a body that breaks off is the request’s fault', async () => {
  const { server } = served()
  const body = new ReadableStream({ pull: (stream) => stream.error(new Error('broken')) })
  const request = new Request('http://icthp.test/v1/score', {
    method: 'POST',
    body,
    duplex: 'half',
  } as RequestInit)
  const response = await server.fetch(request)
  expect(response.status).toBe(400)
  expect(await response.json()).toMatchObject({ error: { message: 'The body did not arrive whole.' } })
})
