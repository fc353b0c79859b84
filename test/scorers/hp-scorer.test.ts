import { describe, expect, it } from 'vitest'
import { HpScorer } from '../../src/scorers/hp-scorer.ts'
import { createFakeScorers } from '../../src/testing.ts'
import { colour, smallHp } from './small-scorers.ts'

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x))

describe('score', () => {
  it('gives a number for one image, an array for an array, of one element too', async () => {
    const { hp } = createFakeScorers({ hp: (image) => (image === 'good' ? 0.5 : 0) })
    expect(await hp.score('good')).toBe(0.5)
    expect(await hp.score(['good'])).toEqual([0.5])
    expect(await hp.score(['bad', 'good'])).toEqual([0, 0.5])
    expect(await hp.score([])).toEqual([])
  })

  it('takes the bytes of an image for one image', async () => {
    const { hp, calls } = createFakeScorers({ hp: () => 0.5 })
    const bytes = Uint8Array.of(1, 2, 3)
    expect(await hp.score(bytes)).toBe(0.5)
    expect(await hp.score(bytes.buffer)).toBe(0.5)
    expect(calls.decoded).toEqual([bytes, bytes.buffer])
  })

  it('is the sigmoid of the logit', async () => {
    const { hp } = smallHp()
    const images = [colour(0, 0, 0), colour(1, 0, 0), colour(0.4, 1, 1)]
    const logits = await hp.logits(images)
    expect(logits).toEqual([-5, 5, Math.fround(10 * Math.fround(102 / 255) - 5)])
    expect(await hp.score(images)).toEqual(logits.map(sigmoid))
    const streamed = []
    for await (const result of hp.scoreStream(images)) streamed.push(result)
    expect(streamed).toEqual(logits.map((logit, index) => ({ index, logit, score: sigmoid(logit) })))
  })

  it('is the same in batches of every size', async () => {
    const images = Array.from({ length: 10 }, (_, i) => colour(i / 9, 0, 0))
    const scores = await smallHp({ batchSize: 1 }).hp.score(images)
    for (const batchSize of [2, 3, 4, 10, 64])
      expect(await smallHp({ batchSize }).hp.score(images)).toEqual(scores)
  })
})

it('gives embeddings as the tower gives them', async () => {
  const { hp } = smallHp()
  expect(await hp.embedImages([colour(1, 0, 0.2), colour(0, 0, 1)])).toEqual([
    Float32Array.of(1, 0, 0.2),
    Float32Array.of(0, 0, 1),
  ])
})

it.each([0, -1, 1.5, Number.NaN, '4'])('refuses batchSize %j', (batchSize) => {
  expect(() => smallHp({ batchSize: batchSize as number })).toThrow(
    expect.objectContaining({ name: 'InputError', code: 'input_invalid_option' }),
  )
})

it('says what it runs', async () => {
  await using hp = smallHp().hp
  expect(hp).toBeInstanceOf(HpScorer)
  expect(hp.info).toMatchObject({
    kind: 'hp',
    model: 'small',
    device: 'cpu',
    dtype: 'fp32',
    batchSize: 4,
    notes: [],
  })
})
