import { describe, expect, test } from 'vitest'
import { RequestError } from '../../src/base/errors.ts'
import { ScorerDesk, type ScorerDeskOptions } from '../../src/server/desk/scorer-desk.ts'
import type { ScoreOutcome } from '../../src/server/reward-desk.ts'
import { createFakeScorers, type FakeCalls, type FakeOptions } from '../../src/testing.ts'
import { file } from './served.ts'

interface Room {
  readonly desk: ScorerDesk
  readonly calls: FakeCalls
  /** What became of images, in order. */
  readonly fates: string[]
}

const textOf = (image: unknown): string => new TextDecoder().decode(image as Uint8Array)

function room(options: Partial<ScorerDeskOptions> = {}, fakes: FakeOptions = {}): Room {
  const fates: string[] = []
  const { ict, hp, calls } = createFakeScorers({
    ict: (image) => Number(textOf(image).split(' ')[0]) / 1000,
    unreadable: (image) => textOf(image).startsWith('bad'),
    ...fakes,
  })
  const desk = new ScorerDesk({
    scorers: [ict, hp],
    maxQueue: { images: 100, bytes: 1 << 20 },
    timeoutMs: 60_000,
    maxItems: 1000,
    maxPromptLength: 100,
    observer: { image: (fate) => fates.push(fate), batch: () => {}, decoded: () => {} },
    ...options,
  })
  return { desk, calls, fates }
}

const item = (number: number, prompt = 'a cat'): { image: Uint8Array; prompt: string } => ({
  image: file(number, 0),
  prompt,
})
const ictOf = (outcome: ScoreOutcome | undefined): unknown =>
  outcome && 'scores' in outcome ? Math.round(outcome.scores['ict']! * 1000) : outcome?.error.code
const namesIn = (calls: FakeCalls): string[][] =>
  calls.batches.map(({ images }) => images.map((image) => textOf(image).split(' ')[0]!))

describe('batches', () => {
  test('are filled from several requests, first come first served', async () => {
    const { desk, calls } = room()
    const answers = await Promise.all([1, 2, 3, 4, 5].map((n) => desk.score(['ict'], [item(n)])))
    expect(answers.map(([outcome]) => ictOf(outcome))).toEqual([1, 2, 3, 4, 5])
    expect(namesIn(calls).flat()).toEqual(['1', '2', '3', '4', '5'])
    expect(calls.batches.length).toBeLessThan(5)
    expect(Math.max(...calls.batches.map(({ images }) => images.length))).toBeLessThanOrEqual(4)
  })

  test('hold each distinct prompt once, over requests', async () => {
    const { desk, calls } = room()
    await Promise.all([
      desk.score(['ict'], [item(1, 'a cat'), item(2, 'a dog')]),
      desk.score(['icthp'], [item(3, 'a dog'), item(4, 'a cat')]),
    ])
    await desk.score(['ict'], [item(5, 'a cat')])
    expect(calls.prompts).toEqual(['a cat', 'a dog'])
  })

  test('serve a request of both towers with one decoding an image', async () => {
    const { desk, calls } = room()
    const image = file(1, 0)
    await desk.score(
      ['ict', 'hp'],
      [
        { image, prompt: 'a' },
        { image, prompt: 'b' },
      ],
    )
    expect(calls.decoded).toHaveLength(1)
    expect(calls.batches.map(({ tower }) => tower).sort()).toEqual(['hp', 'ict'])
  })

  test('that fail for one image do not take the others with them', async () => {
    const { desk } = room(
      {},
      {
        hp: (image) => (textOf(image).startsWith('2 ') ? NaN : 0.5),
      },
    )
    const outcomes = await desk.score(['hp'], [item(1), item(2), item(3)])
    expect(outcomes.map((outcome) => ('error' in outcome ? outcome.error.code : 'scored'))).toEqual([
      'scored',
      'backend_nan',
      'scored',
    ])
  })
})

describe('a full queue', () => {
  test('refuses at once, with when to come again, and takes again when there is room', async () => {
    const { desk } = room({ maxQueue: { images: 2, bytes: 1 << 20 } }, { latency: { run: 20 } })
    const first = desk.score(['hp'], [item(1), item(2)])
    const refused = await desk.score(['hp'], [item(3)]).catch((error: unknown) => error)
    expect(refused).toBeInstanceOf(RequestError)
    expect(refused).toMatchObject({ code: 'request_overloaded', details: { retryAfter: 1, images: 2 } })
    await first
    expect(await desk.score(['hp'], [item(3)])).toHaveLength(1)
    expect([desk.allowance.images, desk.allowance.bytes]).toEqual([0, 0])
  })

  test('counts bytes, too', async () => {
    const { desk } = room({ maxQueue: { images: 100, bytes: 8 } }, { latency: { decode: 20 } })
    const first = desk.score(['hp'], [{ image: new Uint8Array(8) }])
    await expect(desk.score(['hp'], [{ image: new Uint8Array(1) }])).rejects.toMatchObject({
      code: 'request_overloaded',
    })
    await first
  })

  test('is told apart from a request that never fits', async () => {
    const { desk } = room({ maxQueue: { images: 2, bytes: 100 } })
    await expect(desk.score(['hp'], [item(1), item(2), item(3)])).rejects.toMatchObject({
      code: 'request_too_large',
    })
    await expect(desk.score(['hp'], [{ image: new Uint8Array(101) }])).rejects.toMatchObject({
      code: 'request_too_large',
    })
  })
})

describe('a client that goes away', () => {
  test('stops costing: what waits is not decoded, and its room is free', async () => {
    const { desk, calls, fates } = room({}, { latency: { decode: 10 } })
    const gone = new AbortController()
    const reason = new Error('hung up')
    const many = Array.from({ length: 50 }, (_, i) => item(i))
    const asked = desk.score(['hp'], many, { signal: gone.signal })
    gone.abort(reason)
    await expect(asked).rejects.toBe(reason)
    expect([desk.allowance.images, desk.allowance.bytes]).toEqual([0, 0])
    await desk.score(['hp'], [item(99)])
    expect(calls.decoded.map(textOf)).toEqual(['99 0'])
    expect(fates.filter((fate) => fate === 'dropped')).toHaveLength(50)
  })

  test('leaves the others in its batch their answers', async () => {
    const { desk } = room({}, { latency: { run: 20 } })
    const gone = new AbortController()
    const first = desk.score(['hp'], [item(1)], { signal: gone.signal })
    const second = desk.score(['hp'], [item(2)])
    gone.abort(new Error('hung up'))
    await expect(first).rejects.toThrow('hung up')
    expect(await second).toMatchObject([{ scores: { hp: expect.any(Number) as unknown } }])
  })

  test('before its request came is not served', async () => {
    const { desk, calls } = room()
    const signal = AbortSignal.abort(new Error('hung up'))
    await expect(desk.score(['hp'], [item(1)], { signal })).rejects.toThrow('hung up')
    expect(calls.decoded).toEqual([])
  })
})

test('a request that takes longer than it may is refused, and its room is free', async () => {
  const { desk } = room({ timeoutMs: 20 }, { latency: { run: 10_000 } })
  await expect(desk.score(['hp'], [item(1)])).rejects.toMatchObject({ code: 'request_timeout' })
  expect(desk.allowance.images).toBe(0)
})

test('a desk that is closed answers what it has and takes no more', async () => {
  const { desk } = room({}, { latency: { run: 20 } })
  const asked = desk.score(['hp'], [item(1)])
  const closed = desk.close()
  await expect(desk.score(['hp'], [item(2)])).rejects.toMatchObject({ code: 'request_closing' })
  await closed
  expect(await asked).toHaveLength(1)
})

test.each([
  [['clip'], [item(1)], 'request_unknown_reward'],
  [['ict'], [{ image: file(1, 0) }], 'request_invalid'],
  [['ict'], [item(1, 'x'.repeat(101))], 'request_too_large'],
  [['hp'], Array.from({ length: 1001 }, (_, i) => item(i)), 'request_too_large'],
])('%j of what cannot be served: nothing is run', async (rewards, items, code) => {
  const { desk, calls } = room()
  await expect(desk.score(rewards, items)).rejects.toMatchObject({ code })
  expect([calls.decoded, calls.prompts]).toEqual([[], []])
})

test('no item is no work', async () => {
  expect(await room().desk.score(['ict'], [])).toEqual([])
})

describe('towers', () => {
  test('are named and described as in model repositories', () => {
    const [vision, text, hp] = room().desk.towers()
    expect(vision).toMatchObject({
      name: 'ict_vision',
      inputs: [{ name: 'pixel_values', dtype: 'float32', dims: [3, 2, 2] }],
      outputs: [{ name: 'image_embeds', dtype: 'float32', dims: [32] }],
    })
    expect(text).toMatchObject({
      name: 'ict_text',
      inputs: [{ name: 'input_ids', dtype: 'int64', dims: [-1] }],
    })
    expect(hp).toMatchObject({ name: 'hp_vision', outputs: [{}, { name: 'hp_logits', dims: [] }] })
  })

  test('take what is as they say, and refuse the rest', async () => {
    const [, text, hp] = room().desk.towers()
    const ids = { dtype: 'int64', dims: [2, 3], data: new BigInt64Array(6) } as const
    const { text_embeds: embeds } = await text!.run({ input_ids: ids })
    expect(embeds).toMatchObject({ dtype: 'float32', dims: [2, 32] })
    for (const dims of [
      [0, 3, 2, 2],
      [1, 3, 2],
      [1, 3, 4, 2],
      [2, 3, 2, 2],
    ]) {
      const pixels = { dtype: 'float32', dims, data: new Float32Array(12) } as const
      await expect(hp!.run({ pixel_values: pixels })).rejects.toMatchObject({ code: 'request_invalid' })
    }
    await expect(hp!.run({})).rejects.toMatchObject({ code: 'request_invalid' })
  })

  // A runtime fails at these, which would be a 500 for what stays wrong.
  test.each([
    ['more tokens than a prompt has', [1, 78], new BigInt64Array(78)],
    ['an id that no token has', [1, 2], BigInt64Array.of(49406n, 49408n)],
    ['an id below 0', [1, 2], BigInt64Array.of(-1n, 5n)],
  ])('refuse %s', async (_, dims, data) => {
    const [, text] = room().desk.towers()
    await expect(text!.run({ input_ids: { dtype: 'int64', dims, data } })).rejects.toMatchObject({
      code: 'request_invalid',
    })
  })

  test.each([NaN, Infinity, -Infinity, 1e30])('refuse pixels that are %f', async (value) => {
    const [vision] = room().desk.towers()
    const data = new Float32Array(12).fill(0.5)
    data[7] = value
    const pixels = { dtype: 'float32', dims: [1, 3, 2, 2], data } as const
    await expect(vision!.run({ pixel_values: pixels })).rejects.toMatchObject({ code: 'request_invalid' })
  })

  test.each([null, undefined, 5, { dims: 5 }, { dims: null }, { dtype: 'float32', dims: [1, 3, 2, 2] }])(
    'refuse %j for a tensor',
    async (tensor) => {
      const [vision] = room().desk.towers()
      await expect(vision!.run({ pixel_values: tensor as never })).rejects.toMatchObject({
        code: 'request_invalid',
      })
    },
  )
})
