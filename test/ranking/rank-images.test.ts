import { describe, expect, it } from 'vitest'
import { rankImages } from '../../src/ranking/rank-images.ts'
import { type RankOptions } from '../../src/ranking/rank-images.ts'
import { scoreImages } from '../../src/ranking/score-images.ts'
import { createFakeScorers } from '../../src/testing.ts'

const ICT: Record<string, number> = { rich: 0.5, plain: 0.75, ugly: 0.75 }
const HP: Record<string, number> = { rich: 0.875, plain: 0.5, ugly: 0.125 }
const images = ['ugly', 'plain', 'rich']
const fakes = (): ReturnType<typeof createFakeScorers> =>
  createFakeScorers({ ict: (image) => ICT[image as string]!, hp: (image) => HP[image as string]! })

const order = (ranking: Awaited<ReturnType<typeof rankImages>>): unknown[] =>
  ranking.results.map(({ index }) => images[index])

describe('rankImages', () => {
  it('weighs ICT and HP one half each by default, and reads each image once', async () => {
    const { ict, hp, calls } = fakes()
    const ranking = await rankImages(images, { prompt: 'a cat', ict, hp })
    expect(ranking).toMatchObject({ combine: 'weighted', weights: { ict: 0.5, hp: 0.5 } })
    expect(ranking.results.map(({ index, rank, ict, passed }) => ({ index, rank, ict, passed }))).toEqual([
      { index: 2, rank: 1, ict: 0.5, passed: true },
      { index: 1, rank: 2, ict: 0.75, passed: true },
      { index: 0, rank: 3, ict: 0.75, passed: true },
    ])
    for (const [i, score] of [0.6875, 0.625, 0.4375].entries())
      expect(ranking.results[i]!.score).toBeCloseTo(score, 7)
    expect(calls.decoded).toEqual(images)
    expect(calls.prompts).toEqual(['a cat'])
    expect(calls.batches).toEqual([
      { tower: 'ict', images },
      { tower: 'hp', images },
    ])
  })

  it('orders by the rule that it is given', async () => {
    const { ict, hp } = fakes()
    const by = async (options: Partial<RankOptions>): Promise<unknown[]> =>
      order(await rankImages(images, { prompt: 'a cat', ict, hp, ...options }))
    expect(await by({ weights: { ict: 1, hp: 0 } })).toEqual(['ugly', 'plain', 'rich'])
    expect(await by({ combine: 'ict' })).toEqual(['ugly', 'plain', 'rich'])
    expect(await by({ combine: 'hp' })).toEqual(['rich', 'plain', 'ugly'])
    expect(await by({ combine: 'product' })).toEqual(['rich', 'plain', 'ugly'])
    expect(await by({ combine: 'softmax' })).toEqual(['rich', 'plain', 'ugly'])
    expect(await by({ combine: ({ hp: score }) => -score! })).toEqual(['ugly', 'plain', 'rich'])
    expect(await by({ combine: 'hp', topK: 1 })).toEqual(['rich'])
  })

  it('multiplies ICT by the softmax of the logits', async () => {
    const { ict, hp } = fakes()
    // The logits are ln(p / (1 - p)), so their powers are p / (1 - p): 1/7, 1 and 7.
    const { results } = await rankImages(images, { prompt: 'a cat', ict, hp, combine: 'softmax' })
    const sum = 1 / 7 + 1 + 7
    for (const [i, score] of [(0.5 * 7) / sum, 0.75 / sum, 0.75 / 7 / sum].entries())
      expect(results[i]!.score).toBeCloseTo(score, 6)
  })

  it('filters as the published example does', async () => {
    const { ict, hp } = fakes()
    const { results } = await rankImages(images, {
      prompt: 'a cat',
      ict,
      hp,
      combine: 'ict',
      thresholds: { ict: 0.7, hp: 0.4 },
    })
    expect(results.map(({ index, passed }) => [images[index], passed])).toEqual([
      ['ugly', false],
      ['plain', true],
      ['rich', false],
    ])
  })

  it('ranks by HP alone without a prompt', async () => {
    const { hp, calls } = fakes()
    const ranking = await rankImages(images, { hp })
    expect(ranking.combine).toBe('hp')
    expect(order(ranking)).toEqual(['rich', 'plain', 'ugly'])
    expect(ranking.results[0]).toEqual({
      index: 2,
      rank: 1,
      score: ranking.results[0]!.hp,
      hp: ranking.results[0]!.hp,
      passed: true,
    })
    expect(calls.batches.map(({ tower }) => tower)).toEqual(['hp'])
  })

  it('ranks by ICT alone', async () => {
    const { ict } = fakes()
    const ranking = await rankImages(images, { ict, prompt: 'a cat' })
    expect(ranking).toEqual({
      combine: 'ict',
      results: [
        { index: 0, rank: 1, score: 0.75, ict: 0.75, passed: true },
        { index: 1, rank: 2, score: 0.75, ict: 0.75, passed: true },
        { index: 2, rank: 3, score: 0.5, ict: 0.5, passed: true },
      ],
    })
  })

  it('of nothing is empty', async () => {
    const { ict, hp } = fakes()
    expect(await rankImages([], { ict, hp, prompt: 'a cat' })).toEqual({
      combine: 'weighted',
      weights: { ict: 0.5, hp: 0.5 },
      results: [],
    })
  })

  it('leaves out what cannot be read, where it may', async () => {
    const { ict, hp } = createFakeScorers({ unreadable: (image) => image === 'plain' })
    await expect(rankImages(images, { ict, hp, prompt: 'a cat' })).rejects.toMatchObject({
      code: 'image_unreadable',
      details: { index: 1 },
    })
    const failed: number[] = []
    const { results } = await rankImages(images, {
      ict,
      hp,
      prompt: 'a cat',
      onImageError: (_, index) => failed.push(index),
    })
    expect(failed).toEqual([1])
    expect(results.map(({ index }) => index).sort()).toEqual([0, 2])
  })

  it('ends at an abort', async () => {
    const { ict, hp } = createFakeScorers({ latency: { run: 5000 } })
    const stop = new AbortController()
    const reason = new Error('enough')
    setTimeout(() => stop.abort(reason), 10)
    await expect(rankImages(images, { ict, hp, prompt: 'a cat', signal: stop.signal })).rejects.toBe(reason)
  })
})

describe('options that do not fit', () => {
  const wrong: [string, (fake: ReturnType<typeof fakes>) => RankOptions, string][] = [
    ['no scorer', () => ({}), 'input_invalid_option'],
    ['ICT without a prompt', ({ ict, hp }) => ({ ict, hp }), 'input_not_a_string'],
    ['a prompt that is a list', ({ ict }) => ({ ict, prompt: ['a cat'] as never }), 'input_not_a_string'],
    ['an unknown rule', ({ hp }) => ({ hp, combine: 'best' as never }), 'input_invalid_option'],
    ['weighted with HP alone', ({ hp }) => ({ hp, combine: 'weighted' }), 'input_invalid_option'],
    [
      'softmax with ICT alone',
      ({ ict }) => ({ ict, prompt: 'a cat', combine: 'softmax' }),
      'input_invalid_option',
    ],
    [
      'an ICT threshold with HP alone',
      ({ hp }) => ({ hp, thresholds: { ict: 0.7 } }),
      'input_invalid_option',
    ],
    [
      'an HP threshold with ICT alone',
      ({ ict }) => ({ ict, prompt: 'a cat', thresholds: { hp: 0.6 } }),
      'input_invalid_option',
    ],
    ['topK 0', ({ hp }) => ({ hp, topK: 0 }), 'input_invalid_option'],
    [
      'a weight that is no number',
      ({ ict, hp }) => ({ ict, hp, prompt: 'a cat', weights: { ict: Number.NaN } }),
      'input_invalid_option',
    ],
    [
      'a threshold that is no number',
      ({ hp }) => ({ hp, thresholds: { hp: Number.NaN } }),
      'input_invalid_option',
    ],
  ]
  it.each(wrong)('%s: fails before an image is read', async (_, options, code) => {
    const fake = fakes()
    await expect(rankImages(images, options(fake))).rejects.toMatchObject({ name: 'InputError', code })
    expect(fake.calls.decoded).toEqual([])
  })

  it('no list of images', async () => {
    const { hp } = fakes()
    for (const not of ['ugly', undefined, new Set(images)] as never[])
      await expect(rankImages(not, { hp })).rejects.toMatchObject({ code: 'input_invalid_option' })
  })
})

it('scoreImages gives both scores as they are ready, from a stream too', async () => {
  const { ict, hp } = fakes()
  async function* source(): AsyncGenerator<string> {
    yield* images
  }
  const all = []
  for await (const entry of scoreImages(source(), { ict, hp, prompt: 'a cat' })) all.push(entry)
  expect(all.map(({ index, scores }) => [index, scores.ict])).toEqual([
    [0, 0.75],
    [1, 0.75],
    [2, 0.5],
  ])
  all.forEach(({ index, scores }) => {
    expect(scores.hp).toBeCloseTo(HP[images[index]!]!, 7)
    expect(scores.hpLogit).toBeCloseTo(Math.log(scores.hp! / (1 - scores.hp!)), 6)
  })
})
