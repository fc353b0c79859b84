import { describe, expect, it } from 'vitest'
import { rankGroups } from '../../src/ranking/rank-groups.ts'
import { rankPairs } from '../../src/ranking/rank-pairs.ts'
import { createFakeScorers } from '../../src/testing.ts'

const SCORED = [
  { index: 0, group: 'fox', scores: { ict: 0.25, hp: 0.5, hpLogit: 0 } },
  { index: 1, group: 'cat', scores: { ict: 0.75, hp: 0.5, hpLogit: 0 } },
  { index: 2, group: 'fox', scores: { ict: 0.5, hp: 0.5, hpLogit: 0 } },
  { index: 3, group: 'fox', scores: { ict: 0.125, hp: 0.5, hpLogit: 0 } },
]
const orderIn = (ranking: ReturnType<typeof rankGroups>): unknown =>
  ranking.groups.map(({ group, results }) => [group, results.map(({ index, rank }) => [index, rank])])

describe('rankGroups', () => {
  it('ranks each group from 1, in the order of their first images', () => {
    const ranking = rankGroups(SCORED)
    expect(ranking).toMatchObject({ combine: 'weighted', weights: { ict: 0.5, hp: 0.5 } })
    expect(orderIn(ranking)).toEqual([
      [
        'fox',
        [
          [2, 1],
          [0, 2],
          [3, 3],
        ],
      ],
      ['cat', [[1, 1]]],
    ])
  })

  it('keeps the best of each group', () => {
    expect(orderIn(rankGroups(SCORED, { topK: 1, combine: 'ict' }))).toEqual([
      ['fox', [[2, 1]]],
      ['cat', [[1, 1]]],
    ])
  })

  it('takes the softmax within the group', () => {
    const { groups } = rankGroups(SCORED, { combine: 'softmax' })
    // Three equal logits share a third each; a group of one has all.
    expect(groups[0]!.results[0]!.score).toBeCloseTo(0.5 / 3, 12)
    expect(groups[1]!.results[0]!.score).toBe(0.75)
  })

  it('of nothing is empty, and checks its options all the same', () => {
    expect(rankGroups([])).toMatchObject({ combine: 'weighted', groups: [] })
    expect(() => rankGroups([], { topK: 0 })).toThrow('topK is a whole number from 1')
  })

  it.each([[null], [42], [[null]], [[{ index: 0, scores: { hp: 1 } }]], [[{ index: 0, group: 'x' }]]])(
    'refuses %j',
    (scored) => {
      expect(() => rankGroups(scored as never)).toThrow(
        expect.objectContaining({ code: 'input_invalid_option' }),
      )
    },
  )
})

describe('rankPairs', () => {
  const { ict, hp } = createFakeScorers({ ict: (image) => String(image).length / 32, hp: () => 0.5 })

  it('ranks candidates by prompt, or by the group that they name', async () => {
    const pairs = [
      { image: 'a.png', prompt: 'a fox' },
      { image: 'bbbb.png', prompt: 'a fox' },
      { image: 'c.png', prompt: 'a cat' },
    ]
    expect(orderIn(await rankPairs(pairs, { ict, hp, combine: 'ict' }))).toEqual([
      [
        'a fox',
        [
          [1, 1],
          [0, 2],
        ],
      ],
      ['a cat', [[2, 1]]],
    ])
    const grouped = pairs.map((pair) => ({ ...pair, group: 'all' }))
    const best = await rankPairs(grouped, { ict, hp, topK: 1 })
    expect(orderIn(best)).toEqual([['all', [[1, 1]]]])
  })

  it('refuses options before it works', async () => {
    const pairs = [{ image: 'a.png', prompt: 'a fox' }]
    const fails = (options: object): Promise<unknown> => rankPairs(pairs, options)
    await expect(fails({})).rejects.toThrow('rankPairs needs a scorer')
    await expect(fails({ hp, combine: 'product' })).rejects.toMatchObject({ code: 'input_invalid_option' })
    await expect(fails({ hp, thresholds: { ict: 0.5 } })).rejects.toThrow('thresholds.ict needs ICT scores')
    await expect(rankPairs(null as never, { hp })).rejects.toThrow('rankPairs takes a list')
  })
})
