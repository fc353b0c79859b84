import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { findPrompt } from '../../src/prompts/find-prompt.ts'
import { readPrompt } from '../../src/prompts/read-prompt-node.ts'

interface Answer {
  readonly file: string
  readonly format?: string
  readonly prompt: string | null
  readonly negative: string | null
  readonly plain: string | null
}

const folder = fileURLToPath(new URL('../fixtures/prompts/', import.meta.url))
const answers = JSON.parse(readFileSync(`${folder}prompts.json`, 'utf8')) as Answer[]

test('every fixture has its answer', () => {
  const files = readdirSync(folder).filter((name) => name !== 'prompts.json')
  expect(files.sort()).toEqual(answers.map(({ file }) => file).sort())
})

test.each(answers.map((answer) => [answer.file, answer] as const))('%s', async (file, answer) => {
  const found = await readPrompt(folder + file)
  if (answer.prompt === null) return expect(found).toBeUndefined()
  const { format, prompt, negative, plain } = answer
  expect(found).toEqual({ format, prompt, negative, plain, where: expect.any(String) as string })
})

test.each([
  ['a1111-text.png', 'PNG tEXt parameters'],
  ['a1111-ztxt.png', 'PNG zTXt parameters'],
  ['a1111-itxt.png', 'PNG iTXt parameters'],
  ['a1111-exif.png', 'PNG Exif UserComment'],
  ['a1111-mm.jpg', 'JPEG Exif UserComment'],
  ['a1111-ii.webp', 'WebP Exif UserComment'],
  ['a1111.avif', 'AVIF Exif UserComment'],
  ['fooocus-mre.jpg', 'JPEG COM'],
  ['comfy.webp', 'WebP Exif Model, labelled prompt'],
  ['comfy-comf.png', 'PNG comf prompt'],
  ['draw-things.png', 'PNG XMP exif:UserComment'],
  ['forge-stealth.png', 'PNG stealth RGB'],
  ['novelai-stealth.png', 'PNG stealth alpha'],
])('%s tells where its prompt lies', async (file, where) => {
  expect((await readPrompt(folder + file))?.where).toBe(where)
})

test.each([
  ['comfy-runtime.png', 'runtime-text'],
  ['comfy-circle.png', 'runtime-text'],
  ['bomb-graph.png', 'runtime-text'],
  ['bomb.png', 'too-large'],
  ['none.png', 'no-prompt'],
  ['damaged.png', 'damaged'],
  ['damaged.webp', 'damaged'],
])('%s tells why there is no prompt', async (file, reason) => {
  expect(await findPrompt(readFileSync(folder + file))).toEqual({ reason })
})

test('all inputs that are images: paths, URLs of files, bytes, Blobs, pixels', async () => {
  const path = `${folder}a1111-itxt.png`
  const bytes = readFileSync(path)
  const found = await readPrompt(path)
  expect(await readPrompt(new URL(`file://${path}`))).toEqual(found)
  expect(await readPrompt(new Uint8Array(bytes).buffer)).toEqual(found)
  expect(await readPrompt(new Blob([bytes]))).toEqual(found)
  expect(await readPrompt({ data: new Uint8Array(48), width: 4, height: 4, channels: 3 })).toBeUndefined()
})

test('a file that is not there is an error of its own; one that is no image has no prompt', async () => {
  await expect(readPrompt(`${folder}nowhere.png`)).rejects.toMatchObject({ code: 'image_not_found' })
  await expect(readPrompt(5 as never)).rejects.toMatchObject({ code: 'image_unsupported' })
  expect(await readPrompt(Buffer.from('no image'))).toBeUndefined()
  expect(await readPrompt(new Uint8Array())).toBeUndefined()
})

test('of several outputs of a graph the one is taken whose prefix the file name begins with', async () => {
  const sampler = (text: string): object => ({
    class_type: 'KSampler',
    inputs: { seed: 1, positive: [text, 0] },
  })
  const save = (from: string, filename_prefix: string): object => ({
    class_type: 'SaveImage',
    inputs: { images: [from, 0], filename_prefix },
  })
  const graph = {
    a: { class_type: 'CLIPTextEncode', inputs: { text: 'one' } },
    b: { class_type: 'CLIPTextEncode', inputs: { text: 'two' } },
    1: sampler('a'),
    2: sampler('b'),
    3: save('1', 'day'),
    4: save('2', 'out/day_late%date%'),
  }
  const text = `prompt\0${JSON.stringify(graph)}`
  const length = Buffer.alloc(4)
  length.writeUInt32BE(text.length)
  const bytes = Buffer.concat([
    Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'),
    length,
    Buffer.from(`tEXt${text}0000`),
  ])
  const promptOf = async (name: string): Promise<string | undefined> =>
    (await findPrompt(bytes, { name })).found?.prompt
  expect(await promptOf('in/day_00001_.png')).toBe('one')
  expect(await promptOf('in/day_late_00001_.png')).toBe('two')
  expect(await promptOf('other.png')).toBe('one')
})
