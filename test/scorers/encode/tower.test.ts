import { describe, expect, it } from 'vitest'
import type { Tensors } from '../../../src/backend/backend.ts'
import { colour, float, smallHp, smallIct } from '../small-scorers.ts'

const image = colour(1, 0, 0)
const good: Tensors = { image_embeds: float([1, 3], [1, 2, 3]), hp_logits: float([1], [0]) }

describe('a backend that answers wrongly', () => {
  it.each<[string, Tensors, RegExp]>([
    ['nothing', {}, /should give image_embeds as float32 \[1,3\], but the backend gave only nothing/],
    ['other names', { last_hidden_state: good['image_embeds']! }, /gave only last_hidden_state/],
    [
      'no logits',
      { image_embeds: good['image_embeds']! },
      /should give hp_logits as float32 \[1\], but the backend gave only image_embeds/,
    ],
    ['other dims', { ...good, image_embeds: float([3], [1, 2, 3]) }, /but the backend gave float32 \[3\]/],
    ['too many rows', { ...good, hp_logits: float([2], [0, 0]) }, /hp_logits .* gave float32 \[2\]/],
    ['too few values', { ...good, image_embeds: float([1, 3], [1, 2]) }, /image_embeds/],
    [
      'another dtype',
      { ...good, hp_logits: { dtype: 'int64', dims: [1], data: BigInt64Array.of(0n) } },
      /gave int64 \[1\]/,
    ],
  ])('gives %s: backend_wrong_output', async (_, outputs, message) => {
    const error: unknown = await smallHp({ vision: () => outputs })
      .hp.score(image)
      .catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ name: 'BackendError', code: 'backend_wrong_output' })
    expect((error as Error).message).toMatch(message)
  })

  it.each([Number.NaN, Infinity, -Infinity])('gives %d: backend_nan', async (value) => {
    for (const outputs of [
      { ...good, image_embeds: float([1, 3], [1, value, 3]) },
      { ...good, hp_logits: float([1], [value]) },
    ]) {
      await expect(smallHp({ vision: () => outputs }).hp.score(image)).rejects.toMatchObject({
        name: 'BackendError',
        code: 'backend_nan',
        message: expect.stringContaining("Use dtype: 'fp32'") as string,
      })
    }
    await expect(
      smallIct({ text: () => ({ text_embeds: float([1, 3], [value, 0, 0]) }) }).ict.score(image, 'cat'),
    ).rejects.toMatchObject({ code: 'backend_nan', details: { name: 'text_embeds' } })
  })

  it('throws: the error arrives as it is', async () => {
    const cause = new Error('the device is gone')
    await expect(
      smallHp({
        vision: () => {
          throw cause
        },
      }).hp.score(image),
    ).rejects.toBe(cause)
  })
})
