import { describe, expect, it } from 'vitest'
import { IctScorer } from '../../src/scorers/ict-scorer.ts'
import { createFakeScorers } from '../../src/testing.ts'
import { colour, float, smallIct } from './small-scorers.ts'

const table: Record<string, Record<string, number>> = {
  a: { cat: 0.75, dog: 0.25 },
  b: { cat: 0.5, dog: -0.5 },
  c: { cat: -1, dog: 1 },
}
const fakes = (): ReturnType<typeof createFakeScorers> =>
  createFakeScorers({ ict: (image, prompt) => table[image as string]![prompt]! })

describe('score', () => {
  it('gives a number for one image and one prompt', async () => {
    expect(await fakes().ict.score('a', 'cat')).toBe(0.75)
  })

  it('gives an array for an array, of one element too', async () => {
    expect(await fakes().ict.score(['a'], 'cat')).toEqual([0.75])
    expect(await fakes().ict.score(['a'], ['dog'])).toEqual([0.25])
    expect(await fakes().ict.score([], 'cat')).toEqual([])
    expect(await fakes().ict.score([], [])).toEqual([])
  })

  it('scores many images against one prompt, and encodes the prompt once', async () => {
    const { ict, calls } = fakes()
    expect(await ict.score(['c', 'a', 'b'], 'cat')).toEqual([-1, 0.75, 0.5])
    expect(calls.prompts).toEqual(['cat'])
  })

  it('scores pairwise, and encodes a prompt that comes again once', async () => {
    const { ict, calls } = fakes()
    expect(await ict.score(['a', 'b', 'c'], ['dog', 'cat', 'dog'])).toEqual([0.25, 0.5, 1])
    expect(calls.prompts).toEqual(['dog', 'cat'])
  })

  it.each([
    [['a', 'b'], ['cat']],
    [['a'], ['cat', 'dog']],
    [[], ['cat']],
    ['a', ['cat']],
  ])('refuses to pair %j with %j', async (images, prompts) => {
    const { ict, calls } = fakes()
    await expect(ict.score(images as string[], prompts)).rejects.toMatchObject({
      name: 'InputError',
      code: 'input_length_mismatch',
      details: { images: typeof images === 'string' ? 1 : images.length, prompts: prompts.length },
    })
    expect(calls).toEqual({ decoded: [], batches: [], prompts: [] })
  })

  it.each([undefined, null, 7, { text: 'cat' }])(
    'refuses the prompt %j before it reads an image',
    async (notText) => {
      const prompt = notText as unknown as string
      const { ict, calls } = fakes()
      await expect(ict.score(['a', 'b'], ['cat', prompt])).rejects.toMatchObject({
        name: 'InputError',
        code: 'input_not_a_string',
        details: { index: 1 },
      })
      await expect(ict.score('a', prompt)).rejects.toMatchObject({
        code: 'input_not_a_string',
        details: { index: 0 },
      })
      await expect(ict.matrix(['a'], [prompt])).rejects.toMatchObject({ code: 'input_not_a_string' })
      await expect(ict.scoreStream(['a'], prompt).next()).rejects.toMatchObject({
        code: 'input_not_a_string',
      })
      expect(calls.decoded).toEqual([])
    },
  )

  it('is the dot product of the normalised embeddings', async () => {
    const { ict } = smallIct({
      text: ({ input_ids }) => ({ text_embeds: float([input_ids!.dims[0]!, 3], [0, 3, 4]) }),
    })
    // The picture is [0.6, 0.6, 0.2] of 255, the prompt [0, 0.6, 0.8].
    const length = Math.hypot(153, 153, 51)
    expect(await ict.score(colour(0.6, 0.6, 0.2), 'x')).toBeCloseTo((0.6 * 153 + 0.8 * 51) / length, 6)
    const [image] = await ict.embedImages([colour(0.6, 0.6, 0.2)])
    const [text] = await ict.embedTexts(['x'])
    expect(Array.from(text!)).toEqual([0, Math.fround(0.6), Math.fround(0.8)])
    expect(Math.hypot(...image!)).toBeCloseTo(1, 6)
    expect(ict.similarity(text!, image!)).toBe(await ict.score(colour(0.6, 0.6, 0.2), 'x'))
  })
})

describe('matrix', () => {
  it('scores every pair, and encodes each image and each prompt once', async () => {
    const { ict, calls } = fakes()
    expect(await ict.matrix(['a', 'b', 'c'], ['cat', 'dog', 'cat'])).toEqual([
      [0.75, 0.25, 0.75],
      [0.5, -0.5, 0.5],
      [-1, 1, -1],
    ])
    expect(calls.prompts).toEqual(['cat', 'dog'])
    expect(calls.decoded).toEqual(['a', 'b', 'c'])
    expect(calls.batches).toEqual([{ tower: 'ict', images: ['a', 'b', 'c'] }])
  })

  it('may be empty on either side', async () => {
    expect(await fakes().ict.matrix([], ['cat'])).toEqual([])
    expect(await fakes().ict.matrix(['a', 'b'], [])).toEqual([[], []])
  })

  it('takes lists only', async () => {
    const { ict } = fakes()
    for (const [images, prompts] of [
      ['a', ['cat']],
      [['a'], 'cat'],
    ] as unknown as [string[], string[]][]) {
      await expect(ict.matrix(images, prompts)).rejects.toMatchObject({
        code: 'input_invalid_option',
        message: expect.stringContaining('use score') as string,
      })
    }
  })
})

describe('prompts', () => {
  it('are encoded at their own length, those of one length together, in any order', async () => {
    const { ict, text } = smallIct()
    const prompts = ['dog', 'a dog', 'cat', 'a red cat', 'a cat', 'dog']
    const embeds = await ict.embedTexts(prompts)
    expect(text.inputs.map(({ input_ids }) => input_ids!.dims)).toEqual([
      [2, 3],
      [2, 4],
      [1, 5],
    ])
    expect(text.inputs.every(({ input_ids }) => input_ids!.dtype === 'int64')).toBe(true)
    for (const [i, prompt] of prompts.entries())
      expect(embeds[i]).toEqual((await ict.embedTexts([prompt]))[0])
  })

  it('of any number are cut into batches of 32', async () => {
    const { ict, text } = smallIct()
    await ict.embedTexts(Array.from({ length: 70 }, (_, i) => String.fromCodePoint(0x4e00 + i)))
    const rows = text.inputs.map(({ input_ids }) => input_ids!.dims[0]!)
    expect(rows.reduce((a, b) => a + b)).toBe(70)
    expect(Math.max(...rows)).toBeLessThanOrEqual(32)
  })

  it('stop at an abort', async () => {
    const { ict, text } = smallIct()
    const reason = new Error('enough')
    await expect(ict.embedTexts(['cat'], { signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
    expect(text.inputs).toEqual([])
  })
})

it('answers the same every time', async () => {
  const images = Array.from({ length: 9 }, (_, i) => colour(i / 9, 0.5, 1 - i / 9))
  const { ict } = smallIct({ batchSize: 4 })
  const { ict: single } = smallIct({ batchSize: 1 })
  const scores = await ict.score(images, 'a cat')
  expect(await ict.score(images, 'a cat')).toEqual(scores)
  expect(await single.score(images, 'a cat')).toEqual(scores)
  expect(await Promise.all(images.map((image) => ict.score(image, 'a cat')))).toEqual(scores)
  expect(ict).toBeInstanceOf(IctScorer)
})
