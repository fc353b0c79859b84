import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { bundledFolder } from '../../src/models/bundled-folder-node.ts'
import { HpScorer, IctScorer, rankImages } from '../../src/node.ts'
import { root } from '../package/pages.ts'

/** models/demo where meaning matters: on the repository's own drawings, which it was not trained on. */
const demo = bundledFolder('demo')!
const drawing = (name: string): string => join(root, 'examples/images', `${name}.jpg`)
const drawings = readdirSync(join(root, 'examples/images')).map((name) => name.replace('.jpg', ''))
let ict: IctScorer
let hp: HpScorer

beforeAll(async () => {
  ict = await IctScorer.fromPretrained(demo, { device: 'cpu' })
  hp = await HpScorer.fromPretrained(pathToFileURL(demo), { device: 'cpu' })
})
afterAll(async () => {
  await ict?.dispose()
  await hp?.dispose()
})

test('says what it is, and stays under 14 MB', () => {
  expect([ict.info.model, hp.info.model]).toEqual(['icthp-demo/ICT', 'icthp-demo/HP'])
  const files = readdirSync(demo, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
  const size = files.reduce((sum, { parentPath, name }) => sum + statSync(join(parentPath, name)).size, 0)
  expect(size).toBeLessThan(14e6)
})

describe('ICT', () => {
  test.each([
    ['two-red-apples', 'two red apples on a wooden table', 'a sunset over the sea'],
    ['green-apple', 'a green apple', 'a red apple'],
    ['red-apple', 'a red apple', 'a green apple'],
    ['sunset-beach', 'a sunset over the sea', 'a forest'],
    ['red-apple', 'a red apple on a wooden table', 'a cat in a meadow'],
    ['red-apple', '红苹果', '猫'],
  ])('%s: “%s” fits better than “%s”', async (name, matched, mismatched) => {
    const [[right, wrong]] = (await ict.matrix([drawing(name)], [matched, mismatched])) as [[number, number]]
    expect(right).toBeGreaterThan(wrong)
  })
})

describe('HP', () => {
  test.each(['red-apple-blurred', 'red-apple-dark', 'red-apple-jpeg-artefacts'])(
    'red-apple is cleaner than %s',
    async (spoiled) => {
      const [clean, worse] = await hp.score([drawing('red-apple'), drawing(spoiled)])
      expect(clean).toBeGreaterThan(worse!)
    },
  )
})

test("the README's ranking begins with what the prompt asks for, and ends with what it does not", async () => {
  const { results } = await rankImages(drawings.map(drawing), {
    prompt: 'two red apples on a table',
    ict,
    hp,
  })
  expect(drawings[results[0]!.index]).toBe('two-red-apples')
})
