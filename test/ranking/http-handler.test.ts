import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { HP, ICT, IcthpError, loadScorers, rankImages, scoreImages, type Scorer } from '../../src/core.ts'
import { createNodeDecoder, createNodeHub, OrtNodeBackend } from '../../src/node.ts'
import { type FailedImage, rankingJson, rowScores, scoresJson } from '../../src/ranking/results.ts'
import { runLabel } from '../../src/ranking/run-label.ts'
import { createFakeScorers } from '../../src/testing.ts'

// A service on the rooms below the command line: nothing here is of `cli/`, and its answers are those of `icthp … --json`.
const { ict, hp } = createFakeScorers({
  ict: (image) => String(image).length / 32,
  hp: () => 0.5,
  unreadable: (image) => image === 'broken.png',
})
let scorers: readonly Scorer[] = [ict, hp]
const label = runLabel(scorers.map(({ info }) => info))

interface Asked {
  readonly images: readonly string[]
  readonly prompts: readonly string[]
}

async function score({ images, prompts }: Asked): Promise<object> {
  const { failed, onImageError } = failures(images)
  const rows = []
  for await (const { index, scores } of scoreImages(images, { scorers, prompts, onImageError })) {
    const kinds = scorers.map(({ kind }) => kind)
    rows.push({ image: images[index]!, scores: rowScores(kinds, scores) })
  }
  return scoresJson(rows, { label, prompts, failed })
}

async function rank({ images, prompts: [prompt] }: Asked): Promise<object> {
  const { failed, onImageError } = failures(images)
  const ranking = await rankImages(images, { scorers, prompt, onImageError })
  const results = ranking.results.map((result) => ({ image: images[result.index]!, ...result }))
  return rankingJson(ranking, [{ results }], { label, prompt, grouped: false, failed })
}

function failures(images: readonly string[]) {
  const failed: FailedImage[] = []
  const onImageError = (error: Error, index: number): void =>
    void failed.push({ image: images[index]!, code: (error as IcthpError).code, message: error.message })
  return { failed, onImageError }
}

const ROUTES: Readonly<Record<string, (asked: Asked) => Promise<object>>> = { '/score': score, '/rank': rank }

async function handle(request: IncomingMessage): Promise<{ status: number; body: object }> {
  try {
    return { status: 200, body: await ROUTES[request.url!]!(JSON.parse(await text(request)) as Asked) }
  } catch (error) {
    if (!(error instanceof IcthpError)) throw error
    return { status: 400, body: { error: { code: error.code, message: error.message } } }
  }
}

let server: Server
beforeAll(async () => {
  server = createServer(
    (request, response) =>
      void handle(request).then(({ status, body }) => response.writeHead(status).end(JSON.stringify(body))),
  )
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
})
afterAll(() => void server.close())

async function ask(path: string, asked: object): Promise<unknown> {
  const { port } = server.address() as AddressInfo
  const answer = await fetch(`http://127.0.0.1:${port}${path}`, {
    method: 'POST',
    body: JSON.stringify(asked),
  })
  return answer.json()
}

const LABEL = { model: label.model, device: 'cpu', dtype: 'fp32', models: label.models }
const ERRORS = [{ image: 'broken.png', code: 'image_unreadable', message: expect.any(String) as string }]

it('answers scores as `icthp score --json` writes them', async () => {
  const asked = { images: ['a.png', 'broken.png', 'bbb.png'], prompts: ['a fox', 'a cat'] }
  expect(await ask('/score', asked)).toEqual({
    results: [
      { image: 'a.png', ict: [5 / 32, 5 / 32].map((value) => expect.closeTo(value, 6) as number), hp: 0.5 },
      { image: 'bbb.png', ict: [7 / 32, 7 / 32].map((value) => expect.closeTo(value, 6) as number), hp: 0.5 },
    ],
    prompts: ['a fox', 'a cat'],
    ...LABEL,
    errors: ERRORS,
  })
})

it('answers a ranking as `icthp rank --json` writes it, and what cannot be meant with its code', async () => {
  const asked = { images: ['a.png', 'broken.png', 'bbb.png'], prompts: ['a fox'] }
  expect(await ask('/rank', asked)).toMatchObject({
    combine: 'weighted',
    weights: { ict: 0.5, hp: 0.5 },
    results: [
      { image: 'bbb.png', index: 2, rank: 1, hp: 0.5, passed: true },
      { image: 'a.png', index: 0, rank: 2, hp: 0.5, passed: true },
    ],
    prompt: 'a fox',
    ...LABEL,
    errors: ERRORS,
  })
  expect(await ask('/rank', { images: ['a.png'], prompts: [] })).toEqual({
    error: { code: 'input_not_a_string', message: expect.stringContaining('ranks by a prompt') as string },
  })
})

it('serves what it has loaded itself, and frees it', async () => {
  await using backend = disposed(new OrtNodeBackend())
  await using decoder = disposed(createNodeDecoder({ threads: 0 }))
  const runtime = { backend: backend.part, decoder: decoder.part, hub: createNodeHub() }
  await using loaded = await loadScorers([ICT, HP], 'models/demo', runtime)
  const fakes = scorers
  try {
    scorers = loaded.scorers
    const asked = { images: ['examples/images/teacup.jpg'], prompts: ['a teacup', 'a fox'] }
    const answer = (await ask('/score', asked)) as { results: { ict: number[]; hp: number }[] }
    const [image] = asked.images
    expect(answer.results[0]!.ict).toEqual(
      await loaded.reader!.matrix([image!], asked.prompts).then(([row]) => row),
    )
    expect(answer.results[0]!.ict[0]).toBeGreaterThan(answer.results[0]!.ict[1]!)
    expect(answer.results[0]!.hp).toBeGreaterThan(0)
  } finally {
    scorers = fakes
  }
})

const disposed = <P extends { dispose(): Promise<void> }>(part: P) => ({
  part,
  [Symbol.asyncDispose]: () => part.dispose(),
})
