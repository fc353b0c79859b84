import { expect, test } from 'vitest'
import { base64, file, served } from './served.ts'

const close = (value: number): unknown => expect.closeTo(value, 6) as unknown
const images = [file(100, 200), file(300, 800), file(700, 100)].map(base64)

test('the images of a prompt, best first, by a rule that is named', async () => {
  const { post } = served()
  const { json } = await post('/v1/rank', { images, prompt: 'a cat' })
  expect(json).toEqual({
    models: { ict: 'fake/ict', hp: 'fake/hp' },
    prompt: 'a cat',
    combine: 'weighted',
    weights: { ict: 0.5, hp: 0.5 },
    results: [
      { index: 1, rank: 1, score: close(0.5525), ict: close(0.305), hp: close(0.8), passed: true },
      { index: 2, rank: 2, score: close(0.4025), ict: close(0.705), hp: close(0.1), passed: true },
      { index: 0, rank: 3, score: close(0.1525), ict: close(0.105), hp: close(0.2), passed: true },
    ],
    failed: [],
  })
})

test('many prompts with their images in one request, each prompt encoded once', async () => {
  const { post, calls } = served()
  const groups = [
    { id: 'first', prompt: 'a cat', images: images.slice(0, 2) },
    { prompt: 'a cat', images: [images[2], base64(new TextEncoder().encode('bad'))], combine: 'product' },
    { images: images.slice(0, 2) },
  ]
  const { status, json } = await post('/v1/rank', { groups, top: 1, thresholds: { hp: 0.5 } })
  expect(status).toBe(200)
  expect(json['groups']).toEqual([
    {
      id: 'first',
      prompt: 'a cat',
      combine: 'weighted',
      weights: { ict: 0.5, hp: 0.5 },
      results: [{ index: 1, rank: 1, score: close(0.5525), ict: close(0.305), hp: close(0.8), passed: true }],
      failed: [],
    },
    {
      prompt: 'a cat',
      combine: 'product',
      results: [
        { index: 0, rank: 1, score: close(0.0705), ict: close(0.705), hp: close(0.1), passed: false },
      ],
      failed: [{ index: 1, error: { code: 'image_unreadable', message: expect.any(String) as unknown } }],
    },
    {
      combine: 'hp',
      results: [{ index: 1, rank: 1, score: close(0.8), hp: close(0.8), passed: true }],
      failed: [],
    },
  ])
  expect(calls.prompts).toEqual(['a cat'])
})

test('the rule that the server was started with holds where none is asked for', async () => {
  const { post } = served({ combine: 'weighted', weights: { ict: 1, hp: 0 } })
  const { json } = await post('/v1/rank', { images, prompt: 'a cat' })
  expect(json).toMatchObject({
    weights: { ict: 1, hp: 0 },
    results: [{ index: 2 }, { index: 1 }, { index: 0 }],
  })
})

test('a form ranks, too', async () => {
  const { post } = served()
  const form = new FormData()
  form.append('image', new File([file(100, 200)], 'a.png'))
  form.append('image', new File([file(300, 800)], 'b.png'))
  form.append('prompt', 'a cat')
  form.append('weights', '{"ict":0,"hp":1}')
  form.append('top', '1')
  const { json } = await post('/v1/rank', form)
  expect(json).toMatchObject({ results: [{ index: 1, name: 'b.png', score: close(0.8) }] })
})

test.each([
  ['a rule that is not there', { images, prompt: 'a', combine: 'best' }, 'weighted, product'],
  ['a rule that needs another score', { images, combine: 'product' }, "'product' needs ICT"],
  ['a threshold that is no number', { images, prompt: 'a', thresholds: { hp: 'x' } }, 'an object of numbers'],
  ['a threshold of nothing', { images, prompt: 'a', thresholds: { clip: 1 } }, 'There is no thresholds.clip'],
  ['images beside groups', { images, groups: [{ images }] }, 'stand in the groups'],
  ['no group', { groups: [] }, 'groups is empty'],
  ['a group without images', { groups: [{ prompt: 'a' }] }, 'There is no image'],
  ['the combination as a reward', { images, prompt: 'a', rewards: ['icthp'] }, 'is a combination'],
  ['a top of none', { images, prompt: 'a', top: 0 }, 'a whole number from 1'],
])('%s is refused before anything is run', async (_, body, message) => {
  const { post, calls } = served()
  const { status, json } = await post('/v1/rank', body)
  expect(status).toBe(400)
  expect(json['error']).toMatchObject({ message: expect.stringContaining(message) as unknown })
  expect(calls.decoded).toEqual([])
})

test('weights whose sums are too large are refused: a score is a number', async () => {
  const { post, calls } = served()
  const weights = { ict: 1.7e308, hp: 1.7e308 }
  const { status, json } = await post('/v1/rank', { images: [base64(file(999, 999))], prompt: 'a', weights })
  expect(status).toBe(400)
  expect(json['error']).toMatchObject({ code: 'input_invalid_option' })
  expect(calls.decoded.length).toBeLessThan(2)
})
