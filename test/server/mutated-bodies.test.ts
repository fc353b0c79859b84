import { expect, test } from 'vitest'
import { mutate, random } from '../fuzz/mutate.ts'
import { base64, file, served } from './served.ts'

const SEED = 15
const MUTANTS = 2000

const images = [base64(file(100, 200)), `data:image/png;base64,${base64(file(300, 400))}`]
const json = (body: unknown): { type: string; text: string } => ({
  type: 'application/json',
  text: JSON.stringify(body),
})
const form = (
  parts: readonly (readonly [name: string, text: string, file?: string])[],
): { type: string; text: string } => ({
  type: 'multipart/form-data; boundary=edge',
  text: `${parts
    .map(([name, text, as]) => {
      const filename = as === undefined ? '' : `; filename="${as}"\r\nContent-Type: image/png`
      return `--edge\r\nContent-Disposition: form-data; name="${name}"${filename}\r\n\r\n${text}\r\n`
    })
    .join('')}--edge--\r\n`,
})

const BODIES = [
  ['/v1/score', json({ images, prompts: ['a', 'b'], pairing: 'every', rewards: ['ict', 'icthp'] })],
  [
    '/v1/score',
    form([
      ['image', '100 200', 'a.png'],
      ['image', '300 400', 'b.png'],
      ['prompt', 'a cat'],
      ['rewards', 'ict,hp'],
    ]),
  ],
  [
    '/v1/rank',
    json({
      groups: [
        { id: 'a', prompt: 'b', images, weights: { ict: 1 } },
        { images, top: 1, thresholds: { hp: 0.5 } },
      ],
    }),
  ],
  [
    '/v1/rank',
    form([
      ['image', '100 200', 'a.png'],
      ['weights', '{"hp":0.3}'],
      ['top', '2'],
      ['prompt', 'b'],
    ]),
  ],
  ['/v1/embeddings', json({ model: 'ict', input: [images[1]], encoding_format: 'base64' })],
  ['/v1/embeddings', json({ input: 'a cat', modality: 'text' })],
  [
    '/v1/rerank',
    json({
      query: 'a cat',
      documents: [{ image: images[0] }, images[1], 'text'],
      top_n: 2,
      return_documents: true,
    }),
  ],
] as const

test.each(BODIES.map(([path, body], i) => ({ path, body, what: `${path} (${body.type.split(';')[0]})`, i })))(
  `${MUTANTS} mutants of $what are answered or refused`,
  async ({ path, body, i }) => {
    const errors: unknown[] = []
    const { server } = served(
      { onError: (error) => errors.push(error), maxBodyBytes: 1 << 20 },
      { ict: undefined, hp: undefined },
    )
    const statuses = new Map<number, number>()
    for (let mutant = 0; mutant < MUTANTS; mutant++) {
      const bytes = mutate(new TextEncoder().encode(body.text), random(SEED + i, mutant))
      const init = { method: 'POST', body: bytes, headers: { 'content-type': body.type } }
      const { status } = await server.fetch(new Request(`http://icthp.test${path}`, init))
      statuses.set(status, (statuses.get(status) ?? 0) + 1)
    }
    expect(errors).toEqual([])
    expect([...statuses.keys()].sort()).toEqual([200, 400])
    // Nothing of them is left behind.
    expect(
      (server.desk as unknown as { allowance: { images: number; bytes: number } }).allowance,
    ).toMatchObject({
      images: 0,
      bytes: 0,
    })
  },
)

test.each([
  ['nothing', ''],
  ['null', 'null'],
  ['a number', '5'],
  ['lists in lists', '['.repeat(100_000)],
  ['objects in objects', '{"a":'.repeat(100_000)],
  ['a prototype', '{"__proto__":{"images":["x"]}}'],
  ['a number beyond numbers', '{"images":["x"],"prompt":1e999}'],
  ['half a character', '{"images":["\\ud800"],"prompt":"\\udc00"}'],
])('%s is a refusal or an answer on every route', async (_, text) => {
  const { post } = served()
  for (const path of ['/v1/score', '/v1/rank', '/v1/embeddings', '/v1/rerank']) {
    const { status } = await post(path, undefined, { body: text })
    expect([200, 400], `${path} gives ${status}`).toContain(status)
  }
})

test('lists that are very long are refused, not stumbled over', async () => {
  const { post } = served()
  const form = new FormData()
  form.append('image', new File([file(100, 200)], 'a.png'))
  form.append('rewards', ','.repeat(1 << 20))
  expect((await post('/v1/score', form)).status).toBe(400)
  const prompts = Array.from({ length: 200_000 }, (_, i) => `${i}`)
  expect((await post('/v1/score', { images, prompts, pairing: 'every' })).status).toBe(413)
  expect((await post('/v1/embeddings', { input: prompts })).status).toBe(413)
  expect((await post('/v1/rerank', { query: 'a', documents: prompts })).status).toBe(413)
  const groups = prompts.map((prompt) => ({ prompt, images }))
  expect((await post('/v1/rank', { groups })).status).toBe(413)
})
