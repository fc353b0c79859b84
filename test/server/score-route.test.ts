import { expect, test } from 'vitest'
import { base64, file, served } from './served.ts'

const close = (value: number): unknown => expect.closeTo(value, 6) as unknown

test('one prompt for all: scores in the order of the images, and their combination', async () => {
  const { post, calls } = served()
  const images = [base64(file(100, 200)), `data:image/png;base64,${base64(file(300, 800))}`]
  const { status, json } = await post('/v1/score', { images, prompt: 'a cat' })
  expect(status).toBe(200)
  expect(json).toEqual({
    models: { ict: 'fake/ict', hp: 'fake/hp' },
    combine: 'weighted',
    weights: { ict: 0.5, hp: 0.5 },
    results: [
      { index: 0, ict: close(0.105), hp: close(0.2), icthp: close(0.1525) },
      { index: 1, ict: close(0.305), hp: close(0.8), icthp: close(0.5525) },
    ],
  })
  expect(calls.prompts).toEqual(['a cat'])
  expect(calls.decoded).toHaveLength(2)
})

test('long texts, which stay bytes until they are asked for: pictures, prompts, slashes escaped as PHP does', async () => {
  const { post, calls } = served()
  const large = file(100, 200, 5000)
  const prompt = `“a cat” ${'in a box, '.repeat(50)}\\`
  const images = [base64(large), { image: `data:image/png;base64,${base64(large)}`, name: 'n'.repeat(500) }]
  images.push(`data:image/png;name=é;base64,${base64(large)}`)
  const body = JSON.stringify({ images, prompt, rewards: ['ict'] }).replaceAll('/', '\\/')
  const { json } = await post('/v1/score', JSON.parse(body), { body })
  const ict = close((100 + prompt.length) / 1000)
  expect(json['results']).toEqual([
    { index: 0, ict },
    { index: 1, name: 'n'.repeat(500), ict },
    { index: 2, ict },
  ])
  expect(calls.prompts).toEqual([prompt])
  const plain = await post('/v1/score', { images, prompt, rewards: ['ict'] })
  expect(plain.json).toEqual(json)
  const misplaced = await post('/v1/score', { images, prompt, rewards: 'r'.repeat(300) })
  expect(misplaced.json['error']).toMatchObject({ message: expect.stringContaining('rrrr') as unknown })
})

test('one prompt an image', async () => {
  const { post } = served()
  const images = [base64(file(100, 200)), base64(file(100, 200))]
  const { json } = await post('/v1/score', { images, prompts: ['a', 'abc'], rewards: ['ict'] })
  expect(json['results']).toEqual([
    { index: 0, ict: close(0.101) },
    { index: 1, ict: close(0.103) },
  ])
})

test('every pair: each image is decoded once, each prompt encoded once', async () => {
  const { post, calls } = served()
  const images = [base64(file(100, 200)), base64(file(300, 400))]
  const { json } = await post('/v1/score', { images, prompts: ['a', 'abc'], pairing: 'every' })
  expect(json['results']).toEqual([
    { index: 0, ict: [close(0.101), close(0.103)], hp: close(0.2), icthp: [close(0.1505), close(0.1515)] },
    { index: 1, ict: [close(0.301), close(0.303)], hp: close(0.4), icthp: [close(0.3505), close(0.3515)] },
  ])
  expect(calls.decoded).toHaveLength(2)
  expect(calls.prompts).toEqual(['a', 'abc'])
})

test('without a prompt, what needs none is scored', async () => {
  const { post } = served()
  const { json } = await post('/v1/score', { images: [base64(file(100, 200))] })
  expect(json).toEqual({
    models: { ict: 'fake/ict', hp: 'fake/hp' },
    results: [{ index: 0, hp: close(0.2) }],
  })
})

test('a form with files, as curl -F sends it', async () => {
  const { post } = served()
  const form = new FormData()
  form.append('image', new File([file(100, 200)], 'a.png'))
  form.append('image', new File([file(300, 400)], 'b.png'))
  form.append('prompt', 'a cat')
  form.append('rewards', 'ict,hp')
  const { json } = await post('/v1/score', form)
  expect(json['results']).toEqual([
    { index: 0, name: 'a.png', ict: close(0.105), hp: close(0.2) },
    { index: 1, name: 'b.png', ict: close(0.305), hp: close(0.4) },
  ])
})

test('a prompt field for each file pairs them in order', async () => {
  const { post } = served()
  const form = new FormData()
  for (const name of ['a.png', 'b.png']) form.append('image', new File([file(100, 200)], name))
  form.append('prompt', 'a')
  form.append('prompt', 'abc')
  const { json } = await post('/v1/score', form)
  expect(json['results']).toMatchObject([{ ict: close(0.101) }, { ict: close(0.103) }])
})

test('what is wrong with an image stands in its place, and the others are scored', async () => {
  const { post } = served()
  const bad = base64(new TextEncoder().encode('bad'))
  const images = [bad, base64(file(100, 200)), '!!', 'data:image/png,raw', 'https://example.com/a.png']
  const { status, json } = await post('/v1/score', { images, prompt: 'a cat', rewards: ['hp'] })
  expect(status).toBe(200)
  expect(json['results']).toEqual([
    {
      index: 0,
      error: { code: 'image_unreadable', message: expect.stringContaining('cannot be read') as unknown },
    },
    { index: 1, hp: close(0.2) },
    {
      index: 2,
      error: { code: 'image_unreadable', message: expect.stringContaining('not base64') as unknown },
    },
    {
      index: 3,
      error: { code: 'image_unreadable', message: expect.stringContaining('data URI') as unknown },
    },
    {
      index: 4,
      error: { code: 'image_unsupported', message: expect.stringContaining('--allow-urls') as unknown },
    },
  ])
})

test('addresses are fetched where the server can', async () => {
  const seen: string[] = []
  const { post } = served({
    fetchPicture: async (address) => {
      seen.push(address)
      return file(100, 200)
    },
  })
  const { json } = await post('/v1/score', { images: [{ url: 'https://example.com/a.png', name: 'a' }] })
  expect(json['results']).toEqual([{ index: 0, name: 'a', hp: close(0.2) }])
  expect(seen).toEqual(['https://example.com/a.png'])
})

const picture = base64(file(1, 2))
test.each([
  ['no image', { prompt: 'a' }, 'There is no image'],
  ['an empty list', { images: [] }, 'There is no image'],
  ['an image that is a number', { images: [5] }, 'images[0] must be'],
  ['a misspelt field', { images: [picture], promt: 'a' }, '"promt"'],
  ['prompts that do not fit', { images: [picture], prompts: ['a', 'b'] }, '1 images and 2 prompts'],
  ['both kinds of prompts', { images: [picture], prompt: 'a', prompts: ['b'] }, 'both prompt and prompts'],
  ['no prompts', { images: [picture], prompts: [] }, 'prompts is empty'],
  ['a prompt that is no text', { images: [picture], prompt: 5 }, 'prompt of the body must be text'],
  ['a list that holds no text', { images: [picture], prompts: [null] }, 'prompts[0]'],
  ['an unknown pairing', { images: [picture], prompts: ['a'], pairing: 'all' }, 'each, every'],
  ['a prompt that a reward lacks', { images: [picture], rewards: ['ict'] }, 'image 0 has none'],
  ['an unknown reward', { images: [picture], rewards: ['clip'] }, 'This server has ict, hp, icthp'],
  ['a list for a body', [1], 'The body must be an object'],
])('%s is refused with what to do', async (_, body, message) => {
  const { post, calls } = served()
  const { status, json } = await post('/v1/score', body)
  expect(status).toBe(400)
  expect(json['error']).toMatchObject({ message: expect.stringContaining(message) as unknown })
  expect(calls.decoded).toEqual([])
})

test('a body that is not JSON is refused', async () => {
  const { post } = served()
  const { status, json } = await post('/v1/score', null, { body: '{"images"' })
  expect(status).toBe(400)
  expect(json['error']).toMatchObject({ code: 'request_invalid' })
})

test('softmax weighs an image by those of the same prompt in its request', async () => {
  const { post } = served({ combine: 'softmax' })
  const images = [file(100, 500), file(100, 500), file(100, 500)].map(base64)
  const { json } = await post('/v1/score', { images, prompts: ['a', 'a', 'b'], rewards: ['icthp'] })
  expect(json['results']).toEqual([
    { index: 0, icthp: close(0.101 / 2) },
    { index: 1, icthp: close(0.101 / 2) },
    { index: 2, icthp: close(0.101) },
  ])
})

test.each(['__proto__', 'constructor', 'toString', 'image[][]', ''])(
  'a form with a field %j is refused',
  async (name) => {
    const { post } = served()
    const form = new FormData()
    form.append('image', new File([file(100, 200)], 'a.png'))
    form.append(name, 'x')
    const { status, json } = await post('/v1/score', form)
    expect(status).toBe(400)
    expect(json['error']).toMatchObject({
      message: expect.stringContaining('The form has a field') as unknown,
    })
  },
)
