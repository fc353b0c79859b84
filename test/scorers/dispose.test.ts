import { expect, it } from 'vitest'
import { rankImages } from '../../src/ranking/rank-images.ts'
import { createFakeScorers } from '../../src/testing.ts'
import { colour, smallHp, smallIct } from './small-scorers.ts'

it('frees both towers, once', async () => {
  const { ict, vision, text } = smallIct()
  await Promise.all([ict.dispose(), ict.dispose(), ict[Symbol.asyncDispose]()])
  await ict.dispose()
  expect([vision.disposed, text.disposed]).toEqual([1, 1])
})

it('happens at the end of `await using`', async () => {
  const { hp, vision } = smallHp()
  {
    await using scorer = hp
    await scorer.score(colour(1, 1, 1))
    expect(vision.disposed).toBe(0)
  }
  expect(vision.disposed).toBe(1)
})

it('makes every later use an InputError', async () => {
  const { ict, hp } = createFakeScorers()
  const { ict: other } = createFakeScorers()
  await Promise.all([ict.dispose(), hp.dispose()])
  const disposed = { name: 'InputError', code: 'input_disposed' }
  for (const use of [
    () => ict.score('a', 'cat'),
    () => ict.score([], []),
    () => ict.matrix(['a'], ['cat']),
    () => ict.embedImages(['a']),
    () => ict.embedTexts(['cat']),
    () => ict.scoreStream(['a'], 'cat').next(),
    () => hp.score('a'),
    () => hp.logits(['a']),
    () => hp.embedImages(['a']),
    () => hp.scoreStream(['a']).next(),
    () => rankImages(['a'], { ict, prompt: 'cat' }),
    () => rankImages(['a'], { hp }),
    () => rankImages(['a'], { hp, ict: other, prompt: 'cat' }),
  ])
    await expect(use()).rejects.toMatchObject(disposed)
  expect(() => hp.vision).toThrow(expect.objectContaining(disposed))
  expect(hp.info.kind).toBe('hp')
})

it('under way lets nothing hang', async () => {
  const { hp } = createFakeScorers({ latency: { run: 30 } })
  const running = hp.score(['a', 'b'])
  await hp.dispose()
  await expect(running).rejects.toMatchObject({ code: 'input_disposed' })
})
