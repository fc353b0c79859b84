import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { promptOfName } from '../../src/prompts/prompt-of-name.ts'
import { promptOfSidecar, SIDECAR_EXTENSIONS } from '../../src/prompts/sidecar.ts'

const of = (text: string, name: string): unknown => {
  const found = promptOfSidecar(Buffer.from(text), name)
  return found && [found.prompt, found.negative, found.plain, found.format, found.where]
}

test.each([
  ['one\ntwo', 'a.txt', ['one', null, 'one', 'caption', 'sidecar a.txt']],
  ['\ufeffan owl\r\n', 'a.caption', ['an owl', null, 'an owl', 'caption', 'sidecar a.caption']],
  ['a (b:1.2)\nNegative prompt: c', 'a.txt', ['a (b:1.2)', 'c', 'a b', 'a1111', 'sidecar a.txt']],
  [
    'Prompt: a: b\nNegative Prompt: c\nSeed: 1\nSteps: 5',
    'a.txt',
    ['a: b', 'c', 'a: b', 'easy-diffusion', 'sidecar a.txt'],
  ],
  ['{"prompt": "a", "negative_prompt": ""}', 'a.json', ['a', null, 'a', 'easy-diffusion', 'sidecar a.json']],
  ['{"caption": "a"}', 'a.json', ['a', null, 'a', 'caption', 'sidecar a.json']],
  ['{"sui_image_params": {"prompt": "a"}}', 'a.json', ['a', null, 'a', 'swarmui', 'sidecar a.json']],
  ['{"width": 3}', 'a.json', undefined],
  ['{"prompt": ', 'a.json', undefined],
  ['\n \n', 'a.txt', undefined],
])('%j in %s', (text, name, answer) => {
  expect(of(text, name)).toEqual(answer)
})

test('what is no text is refused', () => {
  expect(() => promptOfSidecar(Uint8Array.of(0xe9, 0x20), 'a.txt')).toThrow(
    expect.objectContaining({ code: 'input_not_text' }) as Error,
  )
})

test.each([
  ['x/a green bench_000001.png', 'a green bench'],
  ['a sign_post beside a cat_000002.png', 'a sign_post beside a cat'],
  ['cat_000002.jpg', 'cat'],
  ['a red fox.webp', 'a red fox'],
  ['a red fox_12.webp', 'a red fox'],
  ['IMG_1234.jpg', undefined],
  ['00001-1.png', undefined],
  ['000000.png', undefined],
])('the name %s says %s', (name, prompt) => {
  expect(promptOfName(name)?.prompt).toBe(prompt)
})

interface Group {
  readonly prompt: string
  readonly negative?: string
  readonly plain?: string
  readonly images: readonly string[]
}
interface Set {
  readonly set: string
  readonly groups: readonly Group[]
  readonly ungrouped: readonly string[]
}

const sets = fileURLToPath(new URL('../../../shared/golden/sets/', import.meta.url))
const golden = existsSync(`${sets}groups.json`)
  ? (JSON.parse(readFileSync(`${sets}groups.json`, 'utf8')) as Set[])
  : []

describe.skipIf(golden.length === 0)('golden sets', () => {
  const beside = (image: string): ReturnType<typeof promptOfSidecar> =>
    SIDECAR_EXTENSIONS.map((extension) => image.replace(/\.\w+$/, extension))
      .filter((path) => existsSync(sets + path))
      .map((path) => promptOfSidecar(readFileSync(sets + path), path))
      .find(Boolean)

  test.each(golden.filter(({ set }) => ['kohya', 'a1111_txt', 'easydiffusion', 'img2dataset'].includes(set)))(
    'sidecars of $set',
    ({ groups, ungrouped }) => {
      for (const { prompt, negative = null, plain, images } of groups) {
        for (const image of images)
          expect(beside(image)).toMatchObject({ prompt, negative, ...(plain ? { plain } : {}) })
      }
      for (const image of ungrouped) expect(beside(image)).toBeUndefined()
    },
  )

  test.each(golden.filter(({ set }) => set === 't2icompbench'))('names of $set', ({ groups }) => {
    for (const { prompt, images } of groups)
      for (const image of images) expect(promptOfName(image)?.prompt).toBe(prompt)
  })
})
