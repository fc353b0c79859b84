import { describe, expect, it } from 'vitest'
import { sleep } from '../../src/base/waiting/sleep.ts'
import { createFakeScorers } from '../../src/testing.ts'
import { colour, embedColour, smallHp } from './small-scorers.ts'

const hp = (image: unknown): number => (image as number) / 100

async function collect<T>(stream: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = []
  for await (const item of stream) all.push(item)
  return all
}

async function* later<T>(items: Iterable<T>, milliseconds = 0): AsyncGenerator<T> {
  for (const item of items) {
    await sleep(milliseconds)
    yield item
  }
}

describe('a stream', () => {
  it('gives every image once and in order, from lists, generators and async sources', async () => {
    const numbers = Array.from({ length: 11 }, (_, i) => i * 9)
    for (const source of [numbers, new Set(numbers), numbers.values(), later(numbers)]) {
      const results = await collect(createFakeScorers({ hp }).hp.scoreStream(source))
      expect(results.map(({ index }) => index)).toEqual(numbers.map((_, i) => i))
      results.forEach(({ score }, i) => expect(score).toBeCloseTo(numbers[i]! / 100, 6))
    }
  })

  it('of ICT does likewise', async () => {
    const { ict, calls } = createFakeScorers({ ict: (image, prompt) => (image === prompt ? 1 : -1) })
    expect(await collect(ict.scoreStream(later(['a', 'b', 'a']), 'a'))).toEqual([
      { index: 0, score: 1 },
      { index: 1, score: -1 },
      { index: 2, score: 1 },
    ])
    expect(calls.prompts).toEqual(['a'])
  })

  it('of nothing is empty', async () => {
    expect(await collect(createFakeScorers().hp.scoreStream([]))).toEqual([])
    expect(await collect(createFakeScorers().hp.scoreStream(later([])))).toEqual([])
  })

  it.each(['cat.png', Uint8Array.of(1, 2), 7, null, undefined, {}])(
    'refuses %j, which is no list',
    async (images) => {
      await expect(
        createFakeScorers()
          .hp.scoreStream(images as never)
          .next(),
      ).rejects.toMatchObject({ name: 'InputError', code: 'input_invalid_option' })
      await expect(createFakeScorers().hp.logits(images as never)).rejects.toMatchObject({
        code: 'input_invalid_option',
      })
    },
  )

  it('fills batches from a list', async () => {
    const { hp: scorer, calls } = createFakeScorers({ batchSize: 3, latency: { decode: 1 } })
    await scorer.score(['a', 'b', 'c', 'd', 'e', 'f', 'g'])
    expect(calls.batches.map(({ images }) => images)).toEqual([['a', 'b', 'c'], ['d', 'e', 'f'], ['g']])
  })

  it('scores an image of a slow source as soon as it is there', async () => {
    const { hp: scorer, calls } = createFakeScorers({ batchSize: 4 })
    let asked = 0
    async function* source(): AsyncGenerator<string> {
      for (; asked < 3; asked++) {
        await sleep(20)
        yield `image ${asked}`
      }
      await new Promise(() => {})
    }
    const stream = scorer.scoreStream(source())
    for (let i = 0; i < 3; i++) expect((await stream.next()).value).toMatchObject({ index: i })
    expect(calls.batches.map(({ images }) => images)).toEqual([['image 0'], ['image 1'], ['image 2']])
    await stream.return(undefined)
  })

  it('batches what has come in while the tower was busy', async () => {
    let allGiven = (): void => {}
    const given = new Promise<void>((resolve) => (allGiven = resolve))
    const batches: number[] = []
    const { hp: scorer } = smallHp({
      batchSize: 4,
      vision: async (inputs, signal) => {
        batches.push(inputs['pixel_values']!.dims[0]!)
        // The first run lasts until all others have come and are cropped.
        if (batches.length === 1) await given
        return embedColour(inputs, signal)
      },
    })
    async function* source(): AsyncGenerator<ReturnType<typeof colour>> {
      for (let i = 0; i < 5; i++) {
        yield colour(1, 0, 0)
        await sleep(0)
      }
      setImmediate(allGiven)
    }
    await collect(scorer.scoreStream(source()))
    expect(batches).toEqual([1, 4])
  })

  it('takes only some batches ahead of a slow reader from an endless source', async () => {
    let pulled = 0
    async function* endless(): AsyncGenerator<string> {
      for (;;) yield `image ${pulled++}`
    }
    const { hp: scorer, calls } = createFakeScorers({ batchSize: 2 })
    let read = 0
    let most = 0
    for await (const { index } of scorer.scoreStream(endless())) {
      expect(index).toBe(read++)
      await sleep(1)
      most = Math.max(most, pulled - read, calls.decoded.length - read)
      if (read === 60) break
    }
    // Three batches wait, one is being read.
    expect(most).toBeLessThanOrEqual(8)
    expect(most).toBeGreaterThan(2)
  })

  it('ends its source when its reader leaves', async () => {
    let ended = 0
    const numbers = function* (): Generator<number> {
      try {
        for (let i = 0; ; i++) yield i % 100
      } finally {
        ended++
      }
    }
    const source = async function* (): AsyncGenerator<number> {
      yield* numbers()
    }
    for (const images of [numbers(), source()]) {
      const { hp: scorer, calls } = createFakeScorers({ hp })
      for await (const { index } of scorer.scoreStream(images)) if (index === 2) break
      await sleep(5)
      const { length } = calls.decoded
      await sleep(20)
      expect(calls.decoded.length).toBe(length)
    }
    expect(ended).toBe(2)
  })

  it('can be left while its source is waiting', async () => {
    let ended = false
    const source = {
      [Symbol.asyncIterator]: () => ({
        next: () => new Promise<IteratorResult<string>>(() => {}),
        return: async () => ((ended = true), { done: true as const, value: undefined }),
      }),
    }
    const stop = new AbortController()
    const next = createFakeScorers().hp.scoreStream(source, { signal: stop.signal }).next()
    const reason = new Error('enough')
    setTimeout(() => stop.abort(reason), 10)
    await expect(next).rejects.toBe(reason)
    expect(ended).toBe(true)
  })

  it('hands on what its source throws, after the images before it', async () => {
    const broken = new Error('the generator broke')
    async function* source(): AsyncGenerator<string> {
      yield 'a'
      yield 'b'
      throw broken
    }
    const seen: number[] = []
    await expect(
      (async () => {
        for await (const { index } of createFakeScorers().hp.scoreStream(source())) seen.push(index)
      })(),
    ).rejects.toBe(broken)
    expect(seen).toEqual([0, 1])
  })
})

describe('an image that cannot be read', () => {
  const unreadable = (image: unknown): boolean => image === 'bad'
  const images = ['a', 'bad', 'b', 'bad', 'c']

  it('ends the call, and its index is in the error', async () => {
    const { hp: scorer } = createFakeScorers({ unreadable })
    await expect(scorer.score(images)).rejects.toMatchObject({
      name: 'ImageError',
      code: 'image_unreadable',
      details: { index: 1, image: 'bad' },
    })
    await expect(collect(scorer.scoreStream(images))).rejects.toMatchObject({
      code: 'image_unreadable',
      details: { index: 1 },
    })
  })

  it('is handed to onImageError, and the others are scored', async () => {
    const { hp: scorer } = createFakeScorers({ unreadable, batchSize: 2 })
    const errors: [string, number][] = []
    const results = await collect(
      scorer.scoreStream(images, { onImageError: (error, index) => errors.push([error.name, index]) }),
    )
    expect(results.map(({ index }) => index)).toEqual([0, 2, 4])
    expect(errors).toEqual([
      ['ImageError', 1],
      ['ImageError', 3],
    ])
  })

  it('does not hide the others when all of a batch fail', async () => {
    const { hp: scorer } = createFakeScorers({ unreadable, batchSize: 1 })
    expect(
      (await collect(scorer.scoreStream(['bad', 'bad', 'a'], { onImageError: () => {} }))).map(
        ({ index }) => index,
      ),
    ).toEqual([2])
    expect(await collect(scorer.scoreStream(['bad'], { onImageError: () => {} }))).toEqual([])
  })
})

describe('an abort', () => {
  const reason = new Error('enough')

  it('before the start reads nothing', async () => {
    const { hp: scorer, ict, calls } = createFakeScorers()
    const signal = AbortSignal.abort(reason)
    await expect(scorer.score('a', { signal })).rejects.toBe(reason)
    await expect(ict.score('a', 'cat', { signal })).rejects.toBe(reason)
    await expect(scorer.scoreStream(['a'], { signal }).next()).rejects.toBe(reason)
    expect(calls.batches).toEqual([])
  })

  it.each([{ decode: 5000 }, { run: 5000 }])(
    'in the middle of %j rejects at once, and the scorer works on',
    async (latency) => {
      const slow: { decode?: number; run?: number } = { ...latency }
      const { hp: scorer, ict } = createFakeScorers({ latency: slow })
      for (const start of [
        (signal: AbortSignal) => scorer.score(['a', 'b'], { signal }),
        (signal: AbortSignal) => ict.matrix(['a'], ['cat'], { signal }),
        (signal: AbortSignal) =>
          collect(scorer.scoreStream(later(['a']), { signal, onImageError: () => {} })),
      ]) {
        const stop = new AbortController()
        const began = performance.now()
        setTimeout(() => stop.abort(reason), 20)
        await expect(start(stop.signal)).rejects.toBe(reason)
        expect(performance.now() - began).toBeLessThan(5000)
      }
      Object.assign(slow, { decode: 0, run: 0 })
      expect(await scorer.score(['a'])).toHaveLength(1)
    },
  )

  it('between two images ends the stream', async () => {
    const stop = new AbortController()
    const { hp: scorer } = createFakeScorers({ batchSize: 1 })
    const seen: number[] = []
    await expect(
      (async () => {
        for await (const { index } of scorer.scoreStream(['a', 'b', 'c', 'd'], { signal: stop.signal })) {
          seen.push(index)
          if (index === 1) stop.abort(reason)
        }
      })(),
    ).rejects.toBe(reason)
    expect(seen).toEqual([0, 1])
  })
})

it('tells its progress in images', async () => {
  const events: [number, number | undefined][] = []
  const { hp: scorer } = createFakeScorers({ batchSize: 2, unreadable: (image) => image === 'bad' })
  const onProgress = ({
    stage,
    unit,
    loaded,
    total,
  }: {
    stage: string
    unit: string
    loaded: number
    total?: number
  }): void => {
    expect([stage, unit]).toEqual(['encode', 'images'])
    events.push([loaded, total])
  }
  await scorer.score(['a', 'b', 'c'], { onProgress })
  expect(events.filter(([loaded], i) => loaded !== events[i - 1]?.[0] && loaded > 0)).toEqual([
    [2, 3],
    [3, 3],
  ])
  events.length = 0
  await collect(scorer.scoreStream(later(['a', 'bad', 'c']), { onProgress, onImageError: () => {} }))
  expect(events.at(-1)).toEqual([3, undefined])
})
