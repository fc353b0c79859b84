import { describe, expect, it } from 'vitest'
import { HpScorer, IctScorer, type ImageInput, rankImages } from '../../src/index.ts'
import { createFakeScorers } from '../../src/testing.ts'

describe('default scores', () => {
  it('are stable, and in range', async () => {
    const { ict, hp } = createFakeScorers()
    expect(ict).toBeInstanceOf(IctScorer)
    expect(hp).toBeInstanceOf(HpScorer)
    const images = Array.from({ length: 200 }, (_, i) => `image-${i}.png`)
    const scores = [
      ...(await ict.matrix(images, ['a cat', 'A cat', 'a dog'])).flat(),
      ...(await hp.score(images)),
    ]
    expect(scores.every((score) => score > 0 && score < 1)).toBe(true)
    expect(new Set(scores).size).toBe(scores.length)
    expect(scores.reduce((a, b) => a + b) / scores.length).toBeCloseTo(0.5, 1)
    const { ict: again } = createFakeScorers()
    expect(await again.score(images, 'a cat')).toEqual(await ict.score(images, 'a cat'))
    // Of this very version: snapshots that users keep must not move.
    expect(await ict.score('teacup.png', 'a tiny dragon in a teacup')).toBe(STABLE.ict)
    expect(await hp.score('teacup.png')).toBeCloseTo(STABLE.hp, 7)
  })

  it('go by the content of an image, whatever holds it', async () => {
    const bytes = Uint8Array.of(9, 8, 7, 6)
    const { hp } = createFakeScorers()
    const [score, ...others] = await hp.score([
      bytes,
      bytes.buffer,
      Buffer.from(bytes),
      new Blob([bytes]),
      bytes.slice(),
    ])
    expect(others).toEqual([score, score, score, score])
    expect(await hp.score(bytes.slice(1))).not.toBe(score)
    expect(await hp.score({ data: bytes, width: 2, height: 2, channels: 1 })).not.toBe(
      await hp.score({ data: bytes, width: 4, height: 1, channels: 1 }),
    )
    const file = new URL('file:///a.png')
    expect(await hp.score(file)).toBe(await hp.score(file.href))
    const loop: { self?: unknown } = {}
    loop.self = loop
    for (const image of [null, undefined, 7, {}, { seed: 1 }, loop, Symbol('x'), 1n])
      expect(await hp.score(image)).toBeGreaterThan(0)
  })
})

describe('scores by a function', () => {
  it('get the image and the prompt as they were given', async () => {
    const seen: unknown[] = []
    const image = { seed: 7 }
    const { ict, hp } = createFakeScorers({
      ict: (...pair) => (seen.push(pair), 0.5),
      hp: (...one) => (seen.push(one), 0.25),
    })
    expect(await ict.score(image, 'A  cat')).toBe(0.5)
    expect(await hp.score(image)).toBeCloseTo(0.25, 7)
    expect(seen).toEqual([[image, 'A  cat'], [image]])
  })

  it('are asked for the pairs that are scored and no others', async () => {
    const pairs: string[] = []
    const { ict } = createFakeScorers({
      ict: (image, prompt) => (pairs.push(`${String(image)} ${prompt}`), 0),
    })
    await ict.score(['a', 'b'], ['x', 'y'])
    expect(pairs).toEqual(['a x', 'b y'])
  })

  it('tell apart prompts that have the same tokens', async () => {
    const { ict } = createFakeScorers({ ict: (_, prompt) => (prompt === 'Cat' ? 1 : -1) })
    expect(ict.tokenizer.encode('Cat')).toEqual(ict.tokenizer.encode('cat'))
    expect(await ict.matrix(['a'], ['cat', 'Cat'])).toEqual([[-1, 1]])
  })

  it.each([0, 0.001, 0.25, 0.5, 0.9, 0.999999, 1])('give HP %d back', async (score) => {
    expect(await createFakeScorers({ hp: () => score }).hp.score('a')).toBeCloseTo(score, 6)
  })

  it('may simulate NaN', async () => {
    const { ict, hp } = createFakeScorers({ ict: () => Number.NaN, hp: () => Number.NaN })
    const nan = { name: 'BackendError', code: 'backend_nan' }
    await expect(ict.score('a', 'x')).rejects.toMatchObject(nan)
    await expect(hp.score('a')).rejects.toMatchObject(nan)
    await expect(rankImages(['a'], { ict, hp, prompt: 'x' })).rejects.toMatchObject(nan)
  })

  it('may throw', async () => {
    const gone = new Error('the GPU fell off the bus')
    const { ict, hp } = createFakeScorers({
      ict: () => {
        throw gone
      },
      hp: () => {
        throw gone
      },
    })
    await expect(ict.score('a', 'x')).rejects.toBe(gone)
    await expect(hp.score('a')).rejects.toBe(gone)
  })

  it('out of range are a mistake in the test, and said to be', async () => {
    const wrong = { name: 'InputError', code: 'input_invalid_option' }
    for (const score of [1.5, -2, Infinity, undefined, '0.5']) {
      const { ict, hp } = createFakeScorers({ ict: () => score as number, hp: () => score as number })
      await expect(ict.score('a', 'x')).rejects.toMatchObject(wrong)
      await expect(hp.score('a')).rejects.toMatchObject(wrong)
    }
    await expect(createFakeScorers({ hp: () => -0.5 }).hp.score('a')).rejects.toMatchObject(wrong)
  })
})

it('embeddings are normalised, and similarity scores them whenever they were made', async () => {
  const { ict } = createFakeScorers({
    ict: (image, prompt) => (image === 'a' ? 0.5 : 0.25) + (prompt === 'x' ? 0.25 : 0),
  })
  const images = await ict.embedImages(['a', 'b'])
  const texts = await ict.embedTexts(['x', 'y'])
  for (const embeds of images) expect(Math.hypot(...embeds)).toBeCloseTo(1, 6)
  expect(images.map((image) => texts.map((text) => ict.similarity(text, image)))).toEqual([
    [0.75, 0.5],
    [0.5, 0.25],
  ])
})

it('thousands of images are told apart', async () => {
  const count = 5000
  const { ict, hp } = createFakeScorers({
    ict: (image) => (image as number) / count,
    hp: (image) => (image as number) / count,
    batchSize: 64,
  })
  const images = Array.from({ length: count }, (_, i) => i)
  expect(await ict.score(images, 'x')).toEqual(images.map((i) => i / count))
  const scores = await hp.score(images)
  expect(Math.max(...scores.map((score, i) => Math.abs(score - i / count)))).toBeLessThan(1e-6)
})

it('reading and running can take their time', async () => {
  const { hp } = createFakeScorers({ latency: { decode: 30, run: 40 } })
  const start = performance.now()
  await hp.score('a')
  expect(performance.now() - start).toBeGreaterThan(60)
})

it('a best-of-N loop is tested like this', async () => {
  const bestOf = async (
    n: number,
    prompt: string,
    generate: (seed: number) => Promise<ImageInput>,
    scorers: { ict: IctScorer; hp: HpScorer },
  ): Promise<number> => {
    const images = await Promise.all(Array.from({ length: n }, (_, seed) => generate(seed)))
    return (await rankImages(images, { prompt, ...scorers, topK: 1 })).results[0]!.index
  }
  const { ict, hp, calls } = createFakeScorers({
    ict: (image) => (image as { seed: number }).seed / 10,
    hp: () => 0.5,
  })
  expect(await bestOf(4, 'a cat', async (seed) => ({ seed }) as unknown as ImageInput, { ict, hp })).toBe(3)
  expect(calls.prompts).toEqual(['a cat'])
  expect(calls.decoded).toHaveLength(4)
})

const STABLE = { ict: 0.6809424043167382, hp: 0.8239097682147819 }
