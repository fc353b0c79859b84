import { expect, test } from 'vitest'
import { createFakeScorers } from '../../src/testing.ts'
import { base64, file, served } from './served.ts'

const close = (value: number): unknown => expect.closeTo(value, 6) as unknown
const uri = (ict: number, hp: number): string => `data:image/png;base64,${base64(file(ict, hp))}`
const bad = `data:image/png;base64,${base64(new TextEncoder().encode('bad'))}`

test('embeddings of images, as floats and as little-endian base64', async () => {
  const { post } = served()
  const floats = (await post('/v1/embeddings', { model: 'hp', input: [uri(1, 2), bad] })).json
  expect(floats).toMatchObject({
    object: 'list',
    model: 'fake/hp',
    usage: { prompt_tokens: 0, total_tokens: 0 },
  })
  const [first, second] = floats['data'] as { embedding: number[]; index: number; error: unknown }[]
  expect(first!.embedding).toHaveLength(32)
  expect(second).toEqual({
    object: 'embedding',
    index: 1,
    embedding: null,
    error: { code: 'image_unreadable', message: expect.any(String) as unknown },
  })
  const packed = (
    await post('/v1/embeddings', { model: 'fake/hp', input: uri(1, 2), encoding_format: 'base64' })
  ).json
  const [{ embedding }] = packed['data'] as [{ embedding: string }]
  expect(Buffer.from(embedding, 'base64')).toHaveLength(4 * 32)
  expect(Math.abs(Buffer.from(embedding, 'base64').readFloatLE(0))).toBe(1)
})

test('embeddings of texts are normalised, and are those of the scorer', async () => {
  const { ict, hp } = createFakeScorers()
  const { post } = served({ scorers: [ict, hp] })
  const { json } = await post('/v1/embeddings', { input: ['a cat', 'a dog', 'a cat'] })
  const data = json['data'] as { embedding: number[] }[]
  const own = await ict.embedTexts(['a cat', 'a dog'])
  expect(data.map(({ embedding }) => embedding)).toEqual([own[0], own[1], own[0]].map((each) => [...each!]))
})

test.each([
  [{ input: [] }, 'There is no input'],
  [{ input: ['a', uri(1, 2)] }, 'both images and texts'],
  [{ input: 'a', model: 'hp' }, 'takes no text'],
  [{ input: 'a', model: 'icthp' }, 'no embeddings of its own'],
  [{ input: 'a', model: 'clip' }, 'no reward "clip"'],
  [{ input: [5] }, 'input[0]'],
])('embeddings of %j are refused', async (body, message) => {
  const { status, json } = await served().post('/v1/embeddings', body)
  expect(status).toBe(400)
  expect(json['error']).toMatchObject({ message: expect.stringContaining(message) as unknown })
})

test('rerank orders images by the query, and lists what could not be scored', async () => {
  const { post } = served()
  const documents = [{ image: uri(100, 200) }, 'a text', uri(300, 800), bad, { text: 'another' }]
  const { json } = await post('/v1/rerank', {
    query: 'a cat',
    documents,
    return_documents: true,
    model: 'ict',
  })
  expect(json).toEqual({
    model: 'ict',
    results: [
      { index: 2, relevance_score: close(0.305), document: { image: uri(300, 800) } },
      { index: 0, relevance_score: close(0.105), document: { image: uri(100, 200) } },
    ],
    errors: [1, 3, 4].map((index) => ({
      index,
      error: {
        code: index === 3 ? 'image_unreadable' : 'request_invalid',
        message: expect.any(String) as unknown,
      },
    })),
    usage: { total_tokens: 0 },
  })
})

test('rerank and embeddings of pictures too long to be texts', async () => {
  const { post } = served()
  const large = `data:image/png;base64,${base64(file(300, 800, 5000))}`
  const documents = [uri(100, 200), large, { image: large, more: 'm'.repeat(400) }]
  const query = 'a cat '.repeat(100)
  const { json } = await post('/v1/rerank', { query, documents, return_documents: true, model: 'hp' })
  expect(json['results']).toEqual([
    { index: 1, relevance_score: close(0.8), document: { image: large } },
    { index: 2, relevance_score: close(0.8), document: documents[2] },
    { index: 0, relevance_score: close(0.2), document: { image: documents[0] } },
  ])
  const embedded = (await post('/v1/embeddings', { model: 'hp', input: [large] })).json
  expect((embedded['data'] as { embedding: number[] }[])[0]!.embedding).toHaveLength(32)
})

test('rerank takes the combination where no model is named, and only the best', async () => {
  const { post } = served()
  const documents = [uri(100, 200), uri(300, 800), uri(300, 800)]
  const { json } = await post('/v1/rerank', { query: { text: 'a cat' }, documents, top_n: 2 })
  expect(json).toMatchObject({
    model: 'icthp',
    results: [{ index: 1, relevance_score: close(0.5525) }, { index: 2 }],
  })
})

test('what is served is listed with what runs it', async () => {
  const { json } = await served().get('/v1/models')
  expect(json['data']).toMatchObject([
    { id: 'ict', model: 'fake/ict', device: 'cpu', dtype: 'fp32', takes_prompt: true, range: [-1, 1] },
    { id: 'hp', model: 'fake/hp', takes_prompt: false, range: [0, 1] },
    { id: 'icthp', of: ['ict', 'hp'], combine: 'weighted', weights: { ict: 0.5, hp: 0.5 } },
  ])
})

test('a server of one reward has no combination', async () => {
  const { hp } = createFakeScorers()
  const { get, post } = served({ scorers: [hp] })
  expect(() => served({ scorers: [hp], combine: 'product' })).toThrow('pass more than one')
  expect((await get('/health')).json).toEqual({ status: 'ok', rewards: { hp: ['hp'] } })
  expect((await post('/v1/score', { images: [uri(1, 2)], rewards: ['icthp'] })).status).toBe(400)
})

test('health answers every known client, at the root and at each base path', async () => {
  const { get } = served()
  const body = { status: 'ok', rewards: { ict: ['ict'], hp: ['hp'], icthp: ['icthp'] } }
  for (const path of ['/health', '/ict/health', '/hp/health', '/icthp/health'])
    expect((await get(path)).json).toEqual(body)
})

test('the document names every route of its own and no other', async () => {
  const { server, get } = served()
  const { paths } = (await get('/openapi.json')).json as { paths: Record<string, Record<string, unknown>> }
  for (const [path, methods] of Object.entries(paths)) {
    for (const method of Object.keys(methods)) {
      if (path === '/metrics') continue
      const init = method === 'get' ? {} : { method: 'POST', body: '{}' }
      const { status } = await server.fetch(new Request(`http://icthp.test${path}`, init))
      expect(`${method} ${path} ${status}`).toBe(`${method} ${path} ${method === 'get' ? 200 : 400}`)
    }
  }
})

test('every reference of the document leads somewhere', async () => {
  const { text, json } = await served().get('/openapi.json')
  const { schemas } = json['components'] as { schemas: Record<string, unknown> }
  const named = [...text.matchAll(/"#\/components\/schemas\/(\w+)"/g)].map(([, name]) => name!)
  expect([...new Set(named)].sort()).toEqual(Object.keys(schemas).sort())
})

test('the page loads nothing from elsewhere', async () => {
  const { headers, text } = await served().get('/')
  expect(headers.get('content-security-policy')).toContain("default-src 'none'")
  expect(text).toContain('<title>icthp</title>')
  expect([...text.matchAll(/(?:src|href)="([^"]*)"/g)].map(([, to]) => to)).toEqual(['openapi.json'])
})

test('what is not there is said to be not there', async () => {
  const { status, json } = await served().get('/v1/nothing')
  expect(status).toBe(404)
  expect(json['error']).toMatchObject({ code: 'request_not_found' })
})

test('one query is taken, in a list too, and several are refused', async () => {
  const { post } = served()
  const documents = [uri(1, 2)]
  expect((await post('/v1/rerank', { query: ['a'], documents })).status).toBe(200)
  const { status, json } = await post('/v1/rerank', { query: ['a', 'b'], documents })
  expect([status, json['error']]).toEqual([400, expect.objectContaining({ code: 'request_invalid' })])
})
