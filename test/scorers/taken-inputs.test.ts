import { expect, test } from 'vitest'
import { rankImages } from '../../src/ranking/rank-images.ts'
import { scoreImages } from '../../src/ranking/score-images.ts'
import { createFakeScorers } from '../../src/testing.ts'
import { colour, smallHp } from './small-scorers.ts'

// What is passed counts as it is at the call: the caller may use its memory and its lists again at once.

const grays = Array.from({ length: 6 }, (_, i) => colour(i / 6, 0, 0))

test('a frame that is refilled after the call', async () => {
  const { hp } = smallHp()
  const [right] = await hp.score([grays[1]!])
  const frame = { ...grays[1]!, data: grays[1]!.data.slice() }
  const scoring = hp.score(frame)
  frame.data.set(grays[5]!.data)
  expect(await scoring).toBe(right)
})

test('a generator that refills one buffer', async () => {
  const { hp } = smallHp()
  const right = await hp.score(grays)
  const frame = { ...grays[0]!, data: grays[0]!.data.slice() }
  function* frames(): Generator<typeof frame> {
    for (const { data } of grays) {
      frame.data.set(data)
      yield frame
    }
    frame.data.fill(0)
  }
  async function* late(): AsyncGenerator<typeof frame> {
    yield* frames()
  }
  for (const source of [frames(), late()]) {
    const scores: number[] = []
    for await (const { score } of hp.scoreStream(source)) scores.push(score)
    expect(scores).toEqual(right)
  }
})

/** By its first byte, as it is when it is read. */
const byFirst = (image: unknown): number => (image as Uint8Array)[0]! / 10

test('bytes, buffers of every kind, in lists and alone', async () => {
  const { hp, ict } = createFakeScorers({ hp: byFirst, ict: byFirst })
  const refill: Uint8Array[] = []
  const fresh = (value: number): Uint8Array => {
    const bytes = Uint8Array.of(value, 2, 3)
    refill.push(bytes)
    return bytes
  }
  const shared = new Uint8Array(new SharedArrayBuffer(3))
  shared[0] = 4
  refill.push(shared)
  const running = [
    hp.score([fresh(1), Buffer.from(fresh(2).buffer), fresh(3)]),
    hp.score(shared).then((score) => [score]),
    ict.score(fresh(5), 'a').then((score) => [score]),
    ict.score([fresh(6), fresh(7)], ['a', 'b']),
    ict.matrix([fresh(8)], ['a', 'b']).then((rows) => rows.flat()),
  ]
  for (const bytes of refill) bytes.fill(0)
  const close = (values: number[]): unknown => values.map((value) => expect.closeTo(value, 5))
  expect(await Promise.all(running)).toEqual([
    close([0.1, 0.2, 0.3]),
    close([0.4]),
    close([0.5]),
    close([0.6, 0.7]),
    close([0.8, 0.8]),
  ])
})

test('lists that are changed after the call', async () => {
  const { hp, ict } = createFakeScorers({ hp: (image) => (image === 'a' ? 0.25 : 0.5), ict: () => 0.5 })
  const images = ['a', 'b', 'c']
  const prompts = ['x', 'y', 'z']
  const thresholds = { hp: 0.3 }
  const weights = { ict: 0, hp: 1 }
  const running = [
    hp.score(images),
    ict.score(images, prompts),
    ict.matrix(images, prompts),
    rankImages(images, { hp, ict, prompt: 'x', thresholds, weights }),
  ] as const
  const streams = [hp.scoreStream(images), ict.scoreStream(images, 'x'), scoreImages(images, { hp })]
  images.splice(0, 3, 'a')
  prompts.push('w')
  thresholds.hp = 0
  weights.hp = 0
  const [scores, pairs, matrix, ranking] = await Promise.all(running)
  expect(scores).toHaveLength(3)
  expect(pairs).toHaveLength(3)
  expect(matrix.map((row) => row.length)).toEqual([3, 3, 3])
  expect(ranking.results.map(({ passed }) => passed)).toEqual([true, true, false])
  expect(ranking.results[0]!.score).toBeCloseTo(0.5, 5)
  for (const stream of streams) {
    const indexes: number[] = []
    for await (const { index } of stream) indexes.push(index)
    expect(indexes).toEqual([0, 1, 2])
  }
})

test('many calls may share a signal without a warning, and all hear it', async () => {
  const warnings: Error[] = []
  const hear = (warning: Error): void => void warnings.push(warning)
  process.on('warning', hear)
  const { hp } = createFakeScorers({ latency: { decode: 5 } })
  const controller = new AbortController()
  const reason = new Error('enough')
  const running = Array.from({ length: 40 }, () => hp.score(['a', 'b'], { signal: controller.signal }))
  controller.abort(reason)
  for (const result of await Promise.allSettled(running))
    expect(result).toEqual({ status: 'rejected', reason })
  await new Promise((resolve) => setImmediate(resolve))
  process.off('warning', hear)
  expect(warnings).toEqual([])
})
