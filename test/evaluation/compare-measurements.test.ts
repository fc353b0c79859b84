import { expect, test } from 'vitest'
import { compareMeasurements } from '../../src/evaluation/compare-measurements.ts'
import type { MeasuredRun } from '../../src/evaluation/measure-messages.ts'

const memory = { peak: 1, resident: 1 }
const run = { device: 'cpu', backend: 'made up', secondsPerImage: 0.25 } as const
const unit = (angle: number, length = 1): Float32Array =>
  Float32Array.of(length * Math.cos(angle), length * Math.sin(angle))
const logit = (p: number): number => Math.log(p / (1 - p))

/** Images at these angles, one prompt at angle 0: ICT is the cosine, whatever an embedding's length. */
const ict = (angles: readonly number[], texts: readonly number[] = [0], length = 1): MeasuredRun => ({
  ...run,
  imageEmbeds: angles.map((angle) => unit(angle, length)),
  texts: { embeds: texts.map((angle) => unit(angle, 3)), secondsPerPrompt: 0.5 },
})
const hp = (scores: readonly number[], angles = scores.map(() => 0)): MeasuredRun => ({
  ...run,
  imageEmbeds: angles.map((angle) => unit(angle)),
  logits: scores.map(logit),
})

test('a measurement beside itself has lost nothing', () => {
  const whole = { models: { ict: ict([0.1, 0.5, 0.9]), hp: hp([0.2, 0.5, 0.4]) }, memory }
  const { ict: ofIct, hp: ofHp, ranking } = compareMeasurements(whole, whole)
  const none = { score: { max: 0, mean: 0 }, imageCosine: { min: 1, mean: 1 } }
  expect(ofIct).toEqual({ ...run, ...none, textCosine: { min: 1, mean: 1 }, secondsPerPrompt: 0.5 })
  expect(ofHp).toEqual({ ...run, ...none })
  expect(ranking).toEqual({ combine: 'weighted', kendallTau: { min: 1, mean: 1 }, top1: 1 })
})

test('magnitudes of what scores are off, and cosines of embeddings', () => {
  const right = { models: { ict: ict([0, 0.5]), hp: hp([0.5, 0.5]) }, memory }
  // Other lengths change no ICT score; one image turned by 0.1, the prompt by 0.2.
  const got = { models: { ict: ict([0.1, 0.5], [0.2], 7), hp: hp([0.4, 0.7], [0, 0.3]) }, memory }
  const compared = compareMeasurements(right, got)
  const off = [Math.abs(Math.cos(0.1) - 1), Math.abs(Math.cos(0.3) - Math.cos(0.5))]
  expect(compared.ict!.score.max).toBeCloseTo(Math.max(...off), 6)
  expect(compared.ict!.score.mean).toBeCloseTo((off[0]! + off[1]!) / 2, 6)
  expect(compared.ict!.imageCosine.min).toBeCloseTo(Math.cos(0.1), 6)
  expect(compared.ict!.imageCosine.mean).toBeCloseTo((1 + Math.cos(0.1)) / 2, 6)
  expect(compared.ict!.textCosine!.min).toBeCloseTo(Math.cos(0.2), 6)
  expect(compared.hp!.score.max).toBeCloseTo(0.2, 5)
  expect(compared.hp!.score.mean).toBeCloseTo(0.15, 5)
  expect(compared.hp!.imageCosine.min).toBeCloseTo(Math.cos(0.3), 6)
  expect(compared.hp).not.toHaveProperty('textCosine')
})

test('orders are compared prompt by prompt', () => {
  const right = { models: { ict: ict([0, 1, 2], [0, 3]) }, memory }
  // Seen from the first prompt the order stays; seen from the second the best two change places.
  const got = { models: { ict: ict([0, 2.1, 2], [0.5, 3]) }, memory }
  expect(compareMeasurements(right, got).ranking).toEqual({
    combine: 'ict',
    kendallTau: { min: 0.333333, mean: 0.333333 },
    top1: 0.5,
  })
})

test('HP alone, one image, and a model that one side lacks', () => {
  const right = { models: { ict: ict([0, 1]), hp: hp([0.2, 0.8]) }, memory }
  const swapped = compareMeasurements(right, { models: { hp: hp([0.8, 0.2]) }, memory })
  expect(swapped).not.toHaveProperty('ict')
  expect(swapped.ranking).toEqual({ combine: 'hp', kendallTau: { min: -1, mean: -1 }, top1: 0 })
  const one = { models: { hp: hp([0.3]) }, memory }
  expect(compareMeasurements(one, one)).not.toHaveProperty('ranking')
})
