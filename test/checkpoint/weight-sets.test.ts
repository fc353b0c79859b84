import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openCheckpoint } from '../../src/checkpoint/checkpoint.ts'
import { chooseFitting } from '../../src/convert/layouts/fitted-weights.ts'
import { dictOf, floatTensor, op, storedZip } from './stored-archive.ts'

let root: string
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'icthp-sets-'))
})
afterAll(() => rm(root, { recursive: true }))

const inner = (items: Record<string, Buffer>): Buffer => dictOf(items).subarray(2, -1)
const tensor = (storage: number): Buffer => floatTensor(String(storage), 1, 0, [1], [1])
/** The first weight says which set it is of. */
const head = (storage: number, before = ''): Buffer =>
  inner(Object.fromEntries([0, 2, 4, 6, 7].map((n) => [`${before}${n}.weight`, tensor(storage)])))

let next = 0
async function chosen(
  items: Record<string, Buffer>,
  weightsKey?: string,
): Promise<[wrapper: string, set: number]> {
  const path = join(root, `${next++}.pt`)
  const storages = Object.fromEntries(
    [1, 2, 3].map((n) => [`data/${n}`, new Uint8Array(Float32Array.of(n).buffer)]),
  )
  await writeFile(path, storedZip({ 'data.pkl': dictOf(items), ...storages }))
  await using checkpoint = await openCheckpoint(path, {
    asSaved: true,
    weightsKey,
    choose: chooseFitting('head', { weightsKey }),
  })
  const [first] = checkpoint.tensors.values()
  return [checkpoint.wrapper, (await first!.read())[0]!]
}

test('the set whose names fit is taken, whatever lies beside it and wherever it lies', async () => {
  const other = inner({ 'conv.weight': tensor(2) })
  expect(await chosen({ model: other, scorer: head(1) })).toEqual(['scorer.', 1])
  expect(await chosen({ anything: inner({ deeper: head(1) }), model: other })).toEqual([
    'anything.deeper.',
    1,
  ])
  expect(
    await chosen({ model: head(1, 'mlp.'), optimizer: inner({ state: inner({ exp: other }) }) }),
  ).toEqual(['model.', 1])
})

test('where several fit, one is named', async () => {
  const two = { model: head(1), ema: inner({ shadow: head(2), decay: tensor(3) }) }
  await expect(chosen(two)).rejects.toMatchObject({
    code: 'checkpoint_unreadable',
    details: { keys: ['model', 'ema.shadow'] },
  })
  expect(await chosen(two, 'ema')).toEqual(['ema.shadow.', 2])
  expect(await chosen(two, 'ema.shadow')).toEqual(['ema.shadow.', 2])
  expect(await chosen(two, 'model')).toEqual(['model.', 1])
  await expect(chosen(two, 'average')).rejects.toMatchObject({
    message: expect.stringMatching(/\(model, ema\.shadow\), none called "average"/),
  })
  const modules = { model: head(1, 'net.'), ema: head(2, 'net.') }
  expect(await chosen(modules, 'ema.net')).toEqual(['ema.', 2])
})

test('the set that is called so goes before one that has the name within', async () => {
  const within = { ema: head(2, 'model.'), model: head(1, 'model.') }
  expect(await chosen(within, 'model')).toEqual(['model.', 1])
  expect(await chosen(within, 'ema')).toEqual(['ema.', 2])
})

describe('sets in lists', () => {
  const listOf = (...items: Buffer[]): Buffer =>
    Buffer.concat([op.emptyList, ...items.flatMap((item) => [item, op.append])])

  test('are sets as others, named by their numbers', async () => {
    expect(await chosen({ models: listOf(head(1)) })).toEqual(['models.0.', 1])
    const two = { model: head(1), ema: listOf(head(2)) }
    await expect(chosen(two)).rejects.toMatchObject({ details: { keys: ['model', 'ema.0'] } })
    expect(await chosen(two, 'ema')).toEqual(['ema.0.', 2])
  })

  test('that have no names are not passed over where they are a moving average, and cannot be taken', async () => {
    const list = listOf(...[0, 2, 4, 6, 7].map(() => tensor(2)))
    const average = { model: head(1), ema: inner({ decay: tensor(3), shadow_params: list }) }
    await expect(chosen(average)).rejects.toMatchObject({
      code: 'checkpoint_unreadable',
      details: { keys: ['model', 'ema.shadow_params'] },
    })
    expect(await chosen(average, 'model')).toEqual(['model.', 1])
    await expect(chosen(average, 'ema')).rejects.toMatchObject({
      message: expect.stringContaining('ema.copy_to'),
    })
    expect(await chosen({ model: head(1), optimizer: inner({ state: list }) })).toEqual(['model.', 1])
    expect(await chosen({ model: head(1), optimizer: inner({ exp_avg: list }) })).toEqual(['model.', 1])
    const losses = listOf(...Array.from({ length: 20 }, () => floatTensor('3', 1, 0, [], [])))
    expect(await chosen({ model: head(1), average_losses: losses })).toEqual(['model.', 1])
  })
})

test('parts of a model in dicts of their own are not called rivals', async () => {
  const part = (...layers: number[]): Buffer =>
    inner(Object.fromEntries(layers.map((n) => [`${n}.weight`, tensor(1)])))
  await expect(chosen({ lower: part(0, 2, 4), upper: part(6, 7) })).rejects.toMatchObject({
    message: expect.stringContaining('torch.save({**checkpoint["lower"], **checkpoint["upper"]}, …)'),
  })
})

test('one set at two places is one, and goes by either name', async () => {
  const alias = { model: Buffer.concat([head(1), op.put(77)]), ema: op.get(77) }
  expect(await chosen(alias)).toEqual(['model.', 1])
  expect(await chosen(alias, 'ema')).toEqual(['ema.', 1])
})
