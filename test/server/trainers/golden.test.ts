import { existsSync, readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { bundledFolder } from '../../../src/models/bundled-folder-node.ts'
import { HpScorer, IctScorer } from '../../../src/node.ts'
import { trainerRoutes } from '../../../src/server/trainers/trainer-routes.ts'
import { readAnswer } from './read-answer.ts'
import { ScorerDesk } from './scorer-desk.ts'
import { requestOf, wireBodies, type WireBody } from './wire-bodies.ts'

/** The scores of real towers are those that `score` gives for the same bytes, whatever they came in. */
const demo = bundledFolder('demo')!
let ict: IctScorer
let hp: HpScorer
let desk: ScorerDesk

beforeAll(async () => {
  ict = await IctScorer.fromPretrained(demo, { device: 'cpu' })
  hp = await HpScorer.fromPretrained(demo, { device: 'cpu' })
})
afterAll(async () => {
  await ict?.dispose()
  await hp?.dispose()
})

/** What a reward is of these images, by the library itself. */
async function expected(reward: string, { images, prompts }: WireBody): Promise<number[]> {
  const head = reward === 'ict' ? [] : await hp.score(images)
  const text = reward === 'hp' ? [] : await ict.score(images, prompts!)
  if (reward === 'icthp') return images.map((_, i) => 0.5 * text[i]! + 0.5 * head[i]!)
  return reward === 'ict' ? text : head
}

async function check(body: WireBody): Promise<void> {
  desk = new ScorerDesk(ict, hp)
  const app = trainerRoutes(desk, { pickle: true })
  const response = await app.request(requestOf(body))
  const answer = await readAnswer(response)
  const base = /^\/(ict|hp|icthp)\b/.exec(body.path)?.[1] ?? 'icthp'
  if (body.refused) {
    expect(response.status).toBe(400)
    expect(answer.error).toContain(body.refused.message)
    expect(desk.calls).toBe(0)
  } else if (body.name === 'unirl') {
    const [byIct, byHp] = [await expected('ict', body), await expected('hp', body)]
    const results = body.images.map((_, i) => ({ ict: { ict: byIct[i] }, hp: { hp: byHp[i] } }))
    expect([response.status, answer]).toEqual([200, { results, errors: body.images.map(() => ({})) }])
  } else if (body.contentType === 'application/json') {
    expect([response.status, answer]).toEqual([200, { rewards: await expected(base, body) }])
  } else {
    const scores = await expected(base, body)
    expect([response.status, answer]).toEqual([200, { scores, outputs: scores }])
  }
}

describe('our own bodies', () => {
  const few = wireBodies.filter(({ name }) => name !== 'two-batches')
  test.each(few.map((body) => [body.name, body] as const))('%s', (_, body) => check(body))
})

const folder = new URL('../../../../shared/golden/wire/', import.meta.url)

interface GoldenEntry extends Pick<WireBody, 'name' | 'path' | 'contentType' | 'prompts'> {
  readonly images: readonly string[]
}

describe.skipIf(!existsSync(folder))('golden/wire', () => {
  const read = (name: string): Uint8Array<ArrayBuffer> => new Uint8Array(readFileSync(new URL(name, folder)))
  const entries = existsSync(folder)
    ? (JSON.parse(new TextDecoder().decode(read('wire.json'))) as GoldenEntry[])
    : []
  const refusals: Readonly<Record<string, string>> = {
    'refuse-pickle-code': 'names builtins.print, which is not data',
    'refuse-pickle-object-array': 'an array of Python objects',
    'refuse-pickle-cut': 'ends too early',
    'refuse-unirl-unknown': 'ict, hp, icthp',
  }
  test.each(entries.map((entry) => [entry.name, entry] as const))('%s', async (name, entry) => {
    const message = refusals[name]
    expect(name.startsWith('refuse-')).toBe(message !== undefined)
    await check({
      ...entry,
      body: read(`${name}.body`),
      images: entry.images.map(read),
      ...(message ? { refused: { status: 400, message } } : {}),
    })
  })
})
