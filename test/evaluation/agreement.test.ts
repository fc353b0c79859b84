import { describe, expect, it, test } from 'vitest'
import { kendallTau, least, mean, median, most, rounded, sameBest } from '../../src/evaluation/agreement.ts'

describe('kendallTau', () => {
  it.each<[string, number[], number[], number]>([
    ['the same order', [1, 2, 3, 4], [10, 20, 21, 90], 1],
    ['the reverse', [1, 2, 3, 4], [4, 3, 2, 1], -1],
    ['one pair of six swapped', [1, 2, 3, 4], [1, 3, 2, 4], 4 / 6],
    // SciPy: kendalltau([12, 2, 1, 12, 2], [1, 4, 7, 1, 0]) = -0.47140452079103173
    ['ties in both', [12, 2, 1, 12, 2], [1, 4, 7, 1, 0], -0.47140452079103173],
    // Five of six pairs are ordered in the first, all in the second, and all five alike.
    ['a tie in one', [1, 1, 2, 3], [1, 2, 3, 4], 5 / Math.sqrt(5 * 6)],
    ['no order in either', [1, 1, 1], [2, 2, 2], 1],
    ['no order in one', [1, 1, 1], [1, 2, 3], 0],
    ['a single score', [1], [5], 1],
  ])('%s', (_, a, b, tau) => {
    expect(kendallTau(a, b)).toBeCloseTo(tau, 14)
    expect(kendallTau(b, a)).toBeCloseTo(tau, 14)
  })
})

describe('sameBest', () => {
  it.each<[string, number[], number[], boolean]>([
    ['the same image', [1, 5, 2], [0.1, 0.9, 0.2], true],
    ['another image', [1, 5, 2], [0.9, 0.5, 0.2], false],
    ['one of two that are equally right', [5, 1, 5], [0, 1, 2], true],
    ['of two that are equal now the earlier, which was best', [5, 4], [1, 1], true],
    ['of two that are equal now the earlier, which was not', [4, 5], [1, 1], false],
    ['negative scores', [-3, -1], [-0.3, -0.1], true],
  ])('%s', (_, right, scores, same) => expect(sameBest(right, scores)).toBe(same))
})

test('summaries', () => {
  expect([mean([1, 2, 6]), least([3, -1, 2]), most([3, -1, 2])]).toEqual([3, -1, 3])
  expect([median([9]), median([3, 1, 2]), median([4, 1, 3, 2])]).toEqual([9, 2, 2.5])
  expect([rounded(0.123456789), rounded(1234567.8), rounded(0)]).toEqual([0.123457, 1234570, 0])
})
