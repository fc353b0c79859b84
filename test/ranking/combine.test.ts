import { describe, expect, it } from 'vitest'
import { combineScores, type Scores } from '../../src/ranking/combine.ts'
import { rankScores, type Thresholds } from '../../src/ranking/rank-scores.ts'

const WEIGHTS = { ict: 0.25, hp: 0.75 }
// Dyadic fractions, so that the sums below are exact. The logits are ln 1, ln 2 and ln 5: shares of 1/8, 2/8 and 5/8.
const group: Scores[] = [
  { ict: 0.5, hp: 0.5, hpLogit: 0 },
  { ict: 0.75, hp: 0.25, hpLogit: Math.LN2 },
  { ict: -0.25, hp: 1, hpLogit: Math.log(5) },
]

describe('rules', () => {
  it.each([
    ['weighted', [0.5, 0.375, 0.6875]],
    ['product', [0.25, 0.1875, -0.25]],
    ['ict', [0.5, 0.75, -0.25]],
    ['hp', [0.5, 0.25, 1]],
  ] as const)('%s', (rule, expected) => {
    expect(combineScores(group, rule, WEIGHTS)).toEqual(expected)
  })

  it('softmax', () => {
    const combined = combineScores(group, 'softmax', WEIGHTS)
    for (const [i, expected] of [0.5 / 8, 1.5 / 8, -1.25 / 8].entries())
      expect(combined[i]).toBeCloseTo(expected, 15)
  })

  it('softmax of far-off logits neither overflows nor divides by zero', () => {
    const of = (...logits: number[]): number[] =>
      combineScores(
        logits.map((hpLogit) => ({ ict: 1, hpLogit })),
        'softmax',
        WEIGHTS,
      )
    expect(of(1000, -1000)).toEqual([1, 0])
    expect(of(-1000, -1000)).toEqual([0.5, 0.5])
    expect(of(1e308, 1e308, -1e308)).toEqual([0.5, 0.5, 0])
    expect(of(42)).toEqual([1])
    // The same for all: the shares depend on differences only.
    expect(of(700, 701)).toEqual(of(0, 1))
  })

  it('of an empty group', () => {
    for (const rule of ['weighted', 'product', 'softmax', 'ict', 'hp'] as const)
      expect(combineScores([], rule, WEIGHTS)).toEqual([])
  })

  it('a function sees each image and its group', () => {
    const seen: unknown[] = []
    const combined = combineScores(
      group,
      (scores, all) => {
        seen.push(scores, all)
        return scores.hp! - all.length
      },
      WEIGHTS,
    )
    expect(combined).toEqual([-2.5, -2.75, -2])
    expect(seen).toEqual(group.flatMap((scores) => [scores, group]))
  })

  it.each([Number.NaN, undefined, null, '1', { score: 1 }])(
    'a function that gives %j is refused',
    (score) => {
      expect(() => combineScores(group, () => score as number, WEIGHTS)).toThrow(
        expect.objectContaining({ name: 'InputError', code: 'input_invalid_option' }),
      )
    },
  )

  it('an unknown rule is refused, by its name', () => {
    for (const rule of ['sum', 'constructor', 'toString'] as never[]) {
      expect(() => combineScores(group, rule, WEIGHTS)).toThrow(
        expect.objectContaining({
          code: 'input_invalid_option',
          message: expect.stringContaining('Use weighted, product, softmax, ict, hp') as string,
        }),
      )
    }
  })

  it.each([
    ['weighted', { ict: 1 }, 'pass hp'],
    ['weighted', { hp: 1 }, 'pass ict'],
    ['product', { ict: 1 }, 'pass hp'],
    ['softmax', { ict: 1, hp: 1 }, 'pass hp'],
    ['ict', { hp: 1 }, 'pass ict and prompt'],
    ['hp', { ict: 1 }, 'pass hp'],
  ] as const)('%s without what it needs (%j) is refused', (rule, scores, remedy) => {
    expect(() => combineScores([group[0]!, scores], rule, WEIGHTS)).toThrow(
      expect.objectContaining({
        code: 'input_invalid_option',
        message: expect.stringContaining(remedy) as string,
      }),
    )
  })
})

const scored = (...ict: number[]): { index: number; scores: Scores }[] =>
  ict.map((score, index) => ({ index, scores: { ict: score, hp: 1 - score, hpLogit: 0 } }))

describe('rankScores', () => {
  it('puts the best first', () => {
    expect(rankScores(scored(0.25, 0.75, 0.5), { combine: 'ict' })).toEqual({
      combine: 'ict',
      results: [
        { index: 1, rank: 1, score: 0.75, ict: 0.75, hp: 0.25, passed: true },
        { index: 2, rank: 2, score: 0.5, ict: 0.5, hp: 0.5, passed: true },
        { index: 0, rank: 3, score: 0.25, ict: 0.25, hp: 0.75, passed: true },
      ],
    })
  })

  it('keeps equal scores in the order of the input, however many', () => {
    const many = Array.from({ length: 500 }, (_, i) => (i % 3) / 4)
    const { results } = rankScores(scored(...many), { combine: 'ict' })
    const expected = [2, 1, 0].flatMap((third) => many.map((_, i) => i).filter((i) => i % 3 === third))
    expect(results.map(({ index }) => index)).toEqual(expected)
    expect(results.map(({ rank }) => rank)).toEqual(expected.map((_, i) => i + 1))
    expect(rankScores(scored(0.25, 0.5, 0.75)).results.map(({ index }) => index)).toEqual([0, 1, 2])
    expect(
      rankScores([...scored(1, 1, 1)].reverse(), { combine: 'ict' }).results.map(({ index }) => index),
    ).toEqual([0, 1, 2])
  })

  it('names the weights where they were used', () => {
    expect(rankScores(scored(1)).weights).toEqual({ ict: 0.5, hp: 0.5 })
    expect(rankScores(scored(1), { weights: { hp: 2 } })).toMatchObject({
      weights: { ict: 0.5, hp: 2 },
      results: [{ score: 0.5 }],
    })
    expect(rankScores(scored(1), { combine: 'product', weights: { hp: 2 } })).not.toHaveProperty('weights')
    expect(rankScores(scored(1), { combine: () => 3 })).toMatchObject({
      combine: 'custom',
      results: [{ score: 3 }],
    })
  })

  it('passes what is above every threshold, and keeps the rest', () => {
    const passed = (thresholds: Thresholds): number[] =>
      rankScores(scored(0.25, 0.5, 0.75), { combine: 'ict', thresholds })
        .results.filter((image) => image.passed)
        .map(({ index }) => index)
    expect(passed({})).toEqual([2, 1, 0])
    expect(passed({ ict: 0.5 })).toEqual([2])
    expect(passed({ ict: 0.49 })).toEqual([2, 1])
    expect(passed({ hp: 0.3 })).toEqual([1, 0])
    expect(passed({ ict: 0.3, hp: 0.3 })).toEqual([1])
    expect(passed({ ict: undefined, hp: 0.5 })).toEqual([0])
    expect(passed({ ict: 0 })).toEqual([2, 1, 0])
    expect(
      rankScores([{ index: 0, scores: { hp: 1 } }], { combine: 'hp', thresholds: { ict: 0 } }).results[0]!
        .passed,
    ).toBe(false)
  })

  it('keeps the topK best', () => {
    const top = (topK: number): number[] =>
      rankScores(scored(0.25, 0.75, 0.5), { combine: 'ict', topK }).results.map(({ index }) => index)
    expect(top(1)).toEqual([1])
    expect(top(2)).toEqual([1, 2])
    expect(top(9)).toEqual([1, 2, 0])
    expect(rankScores(scored(), { topK: 1 }).results).toEqual([])
  })

  it.each([
    { topK: 0 },
    { topK: -1 },
    { topK: 1.5 },
    { topK: Number.NaN },
    { topK: '2' },
    { weights: { ict: Number.NaN } },
    { weights: { hp: Infinity } },
    { weights: { ict: '1' } },
    { thresholds: { ict: Number.NaN } },
    { thresholds: { hp: '0.5' } },
  ])('refuses %j', (options) => {
    expect(() => rankScores(scored(0.5), options as object)).toThrow(
      expect.objectContaining({ name: 'InputError', code: 'input_invalid_option' }),
    )
  })

  it('refuses scores that are not numbers', () => {
    for (const combine of ['weighted', 'product', 'softmax', 'ict'] as const) {
      expect(() =>
        rankScores([{ index: 0, scores: { ict: Number.NaN, hp: 0.5, hpLogit: 0 } }], { combine }),
      ).toThrow(expect.objectContaining({ code: 'input_invalid_option' }))
    }
  })
})
