import { readdir, writeFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { scoreDataset } from '../../../src/dataset.ts'
import { allRows, datasetRoom, fakes } from '../dataset-room.ts'

const room = datasetRoom()
const score = (out: string, options: Partial<Parameters<typeof scoreDataset>[1]>) =>
  scoreDataset([room.at('in')], { out: room.at(out), cache: room.at('cache'), prompt: 'a tin', ...options })

/** Fakes name their images by the order of their coming, so another run's answers mean something only to the same fakes. */
async function pictures(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await room.write(`in/${i}.png`, `picture ${i}`)
}

test('an image that was seen before costs no tower and no decoding; another prompt costs one run of the text tower', async () => {
  await pictures(40)
  await room.write('in/again.png', 'picture 7')
  const scorers = fakes()
  await score('first', scorers)
  const { decoded, batches, prompts } = scorers.calls
  const before = { decoded: decoded.length, batches: batches.length, prompts: prompts.length }
  // The picture that is there twice may have been under way when the other was asked for.
  expect(before.decoded).toBeLessThanOrEqual(41)
  await score('second', scorers)
  await score('third', { ...scorers, prompt: 'a drum' })
  expect(decoded).toHaveLength(before.decoded)
  expect(batches).toHaveLength(before.batches)
  expect(prompts.slice(before.prompts)).toEqual(['a tin', 'a drum'])
  expect(await allRows(room.at('second'))).toEqual(await allRows(room.at('first')))
  const [third] = await allRows(room.at('third'))
  expect(third).toMatchObject({ width: 2, height: 2 })
})

test('a tower that has not seen an image runs, and the other does not', async () => {
  await pictures(5)
  const scorers = fakes()
  await score('first', { hp: scorers.hp })
  const seen = scorers.calls.batches.length
  await score('second', scorers)
  expect(new Set(scorers.calls.batches.slice(seen).map(({ tower }) => tower))).toEqual(new Set(['ict']))
})

test('answers lie by model and precision, and a damaged one counts as none', async () => {
  await pictures(3)
  const scorers = fakes()
  await score('first', { hp: scorers.hp })
  const [folder] = await readdir(room.at('cache'))
  expect(folder).toMatch(/^hp-fp32-[0-9a-f]{16}$/)
  for (const path of await readdir(room.at('cache'), { recursive: true }))
    if (path.split('/').length === 4) await writeFile(room.at('cache', path), 'damaged')
  const seen = scorers.calls.decoded.length
  await score('second', { hp: scorers.hp })
  expect(scorers.calls.decoded).toHaveLength(seen + 3)
  expect(await allRows(room.at('second'))).toEqual(await allRows(room.at('first')))
})
