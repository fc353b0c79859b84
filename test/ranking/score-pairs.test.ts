import { describe, expect, it } from 'vitest'
import { scoreImages } from '../../src/ranking/score-images.ts'
import { type ImagePair, scorePairs } from '../../src/ranking/score-pairs.ts'
import { createFakeScorers } from '../../src/testing.ts'

const scoreOf = (image: unknown, prompt: string): number => (String(image).length + prompt.length) / 64
const fakes = (): ReturnType<typeof createFakeScorers> => createFakeScorers({ ict: scoreOf, hp: () => 0.5 })
const PAIRS: readonly ImagePair[] = [
  { image: 'a.png', prompt: 'a fox' },
  { image: 'bb.png', prompt: 'a red fox' },
  { image: 'ccc.png', prompt: 'a fox' },
]
const all = async <T>(items: AsyncIterable<T>): Promise<T[]> => {
  const list: T[] = []
  for await (const item of items) list.push(item)
  return list
}
async function* streamed<T>(items: Iterable<T>): AsyncGenerator<T> {
  for (const item of items) {
    await Promise.resolve()
    yield item
  }
}
const near = (values: readonly { index: number; scores: { ict?: number | undefined } }[]): unknown =>
  values.map(({ index, scores }) => [index, Math.round(scores.ict! * 64)])

describe('scorePairs', () => {
  it('scores each image with its own prompt: of a list, a generator and a stream alike', async () => {
    const expected = [
      [0, 10],
      [1, 15],
      [2, 12],
    ]
    for (const pairs of [PAIRS, new Set(PAIRS), streamed(PAIRS)]) {
      const { ict, hp, calls } = fakes()
      const scored = await all(scorePairs(pairs, { ict, hp }))
      expect(near(scored)).toEqual(expected)
      expect(scored[0]!.scores).toHaveProperty('hpLogit')
      expect(calls.decoded).toEqual(['a.png', 'bb.png', 'ccc.png'])
      expect([...calls.prompts].sort()).toEqual(['a fox', 'a red fox'])
    }
  })

  it('leaves out what cannot be read, and the others keep their prompts', async () => {
    const { ict } = createFakeScorers({ ict: scoreOf, unreadable: (image) => image === 'a.png' })
    for (const pairs of [PAIRS, streamed(PAIRS)]) {
      const failed: number[] = []
      const scored = await all(scorePairs(pairs, { ict, onImageError: (_, index) => failed.push(index) }))
      expect(near(scored)).toEqual([
        [1, 15],
        [2, 12],
      ])
      expect(failed).toEqual([0])
    }
  })

  it('encodes a prompt before its first image is told, not all prompts before the first', async () => {
    const { ict, calls } = fakes()
    const pairs = Array.from({ length: 2000 }, (_, i) => ({ image: `${i}.png`, prompt: `fox ${i}` }))
    const scored = scorePairs(pairs, { ict })
    expect((await scored.next()).value).toMatchObject({ index: 0 })
    expect(calls.prompts).toHaveLength(8)
    expect(await all(scored)).toHaveLength(1999)
    expect(calls.prompts).toHaveLength(2000)
  })

  it('pulls no more of a stream than a few batches, and tells its total where that is given', async () => {
    const { ict } = fakes()
    let pulled = 0
    const endless = (async function* () {
      for (;;) yield { image: `${pulled++}.png`, prompt: `fox ${pulled % 3}` }
    })()
    const totals: unknown[] = []
    const scored = scorePairs(endless, { ict, total: 9, onProgress: ({ total }) => totals.push(total) })
    for (let i = 0; i < 100; i++) await scored.next()
    expect(pulled).toBeLessThan(100 + 4 * 8)
    expect(new Set(totals)).toEqual(new Set([9]))
    await scored.return(undefined)
  })

  it('refuses what is no list of pairs, and prompts that are no text', async () => {
    const { ict } = fakes()
    const failing = (pairs: unknown): Promise<unknown> => all(scorePairs(pairs as ImagePair[], { ict }))
    for (const pairs of [null, 42, 'a.png'])
      await expect(failing(pairs)).rejects.toMatchObject({ code: 'input_invalid_option' })
    for (const pairs of [[null], [{ image: 'a.png' }], new Set([{ image: 'a.png', prompt: 3 }])])
      await expect(failing(pairs)).rejects.toMatchObject({
        code: 'input_not_a_string',
        details: { index: 0 },
      })
  })
})

it.each([
  ['scoreImages', () => scoreImages(['a.png'], {})],
  ['scorePairs', () => scorePairs(PAIRS, {})],
])('%s without a scorer asks for one', async (call, scored) => {
  const failing = async (): Promise<unknown> => all(scored())
  await expect(failing()).rejects.toMatchObject({
    code: 'input_invalid_option',
    message: `${call} needs a scorer: pass ict with a prompt, hp, or both.`,
  })
})
