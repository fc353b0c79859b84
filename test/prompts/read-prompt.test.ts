import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { findPrompt } from '../../src/prompts/find-prompt.ts'
import { readPrompt } from '../../src/prompts/read-prompt-node.ts'
import { cpuTime } from '../cpu-time.ts'

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

/** A PNG's beginning, with one text in it. */
function withText(key: string, text: string): Buffer {
  const body = Buffer.from(`tEXt${key}\0${text}`)
  const length = Buffer.alloc(4)
  length.writeUInt32BE(body.length - 4)
  return Buffer.concat([Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), length, body, Buffer.alloc(4)])
}

interface GraphNode {
  readonly class_type: string
  readonly inputs: Readonly<Record<string, unknown>>
}
const node = (class_type: string, inputs: GraphNode['inputs']): GraphNode => ({ class_type, inputs })

/** A sampler with these links, its encoders `p` and `n`, and a save node. */
const sampled = (
  positive: readonly [string, number],
  negative: readonly [string, number],
  more: Readonly<Record<string, GraphNode>>,
): Readonly<Record<string, GraphNode>> => ({
  n: node('CLIPTextEncode', { text: 'bad' }),
  p: node('CLIPTextEncode', { text: 'a fox' }),
  1: node('KSampler', { seed: 1, positive, negative }),
  2: node('SaveImage', { images: ['1', 0], filename_prefix: 'x' }),
  ...more,
})

const BOTH = { positive: ['p', 0], negative: ['n', 0] }
test.each([
  [
    'a context hands both sides on at slots of its own',
    sampled(['c', 4], ['c', 5], { c: node('Context (rgthree)', { model: ['m', 0], ...BOTH }) }),
  ],
  [
    'a pipe hands both sides on as one',
    sampled(['f', 3], ['f', 4], {
      t: node('ToBasicPipe', { model: ['m', 0], ...BOTH }),
      f: node('FromBasicPipe', { basic_pipe: ['t', 0] }),
    }),
  ],
  [
    'an encoder with empty places for SDXL uses its text',
    sampled(['e', 0], ['n', 0], { e: node('smZ CLIPTextEncode', { text: 'a fox', text_g: '', text_l: '' }) }),
  ],
  [
    'a function that appends',
    sampled(['e', 0], ['n', 0], {
      s: node('StringFunction|pysssss', { action: 'append', tidy_tags: 'no', text_a: 'a ', text_b: 'fox' }),
      e: node('CLIPTextEncode', { text: ['s', 0] }),
    }),
  ],
  [
    'a switch whose number is linked',
    sampled(['e', 0], ['n', 0], {
      i: node('PrimitiveInt', { value: 2 }),
      s: node('CR Text Input Switch', { Input: ['i', 0], text1: 'a cat', text2: 'a fox' }),
      e: node('CLIPTextEncode', { text: ['s', 0] }),
    }),
  ],
  [
    'a sampler that holds its texts',
    { 1: node('SomeSampler', { positive: 'a fox', negative: 'bad', seed: 1 }) },
  ],
])('ComfyUI: %s', async (_, graph) => {
  const { found } = await findPrompt(withText('prompt', JSON.stringify(graph)))
  expect(found).toMatchObject({ prompt: 'a fox', negative: 'bad' })
})

test('ComfyUI: of pairs all of one side belong together, in their order', async () => {
  const more = {
    q: node('CLIPTextEncode', { text: 'a hen' }),
    o: node('CLIPTextEncode', { text: 'worse' }),
    c: node('PairConditioningCombine', {
      positive_A: ['p', 0],
      negative_A: ['n', 0],
      positive_B: ['q', 0],
      negative_B: ['o', 0],
    }),
  }
  const { found } = await findPrompt(withText('prompt', JSON.stringify(sampled(['c', 0], ['c', 1], more))))
  expect(found).toMatchObject({ prompt: 'a fox, a hen', negative: 'bad, worse' })
})

test("ComfyUI's editor: bypassed nodes hand on what is of their output's type, Get what Set was given", async () => {
  const links = [
    [1, 1, 0, 9, 0, 'CONDITIONING'],
    [2, 2, 0, 8, 1, 'CONDITIONING'],
    [3, 10, 0, 8, 0, 'CONDITIONING'],
    [4, 8, 0, 3, 0, 'CONDITIONING'],
    [5, 8, 1, 3, 1, 'CONDITIONING'],
    [6, 3, 0, 5, 1, 'IMAGE'],
    [7, 5, 0, 6, 0, 'IMAGE'],
  ]
  const slots = (...given: readonly (readonly [string, string, number?])[]): object[] =>
    given.map(([name, type, link]) => ({ name, type, link }))
  const [positive, negative] = [['positive', 'CONDITIONING'] as const, ['negative', 'CONDITIONING'] as const]
  const nodes = [
    { id: 1, type: 'CLIPTextEncode', widgets_values: ['a fox'] },
    { id: 2, type: 'CLIPTextEncode', widgets_values: ['bad'] },
    { id: 9, type: 'SetNode', inputs: slots(['CONDITIONING', 'CONDITIONING', 1]), widgets_values: ['P'] },
    { id: 10, type: 'GetNode', outputs: slots(['CONDITIONING', 'CONDITIONING']), widgets_values: ['P'] },
    {
      id: 8,
      type: 'ControlNetApplyAdvanced',
      mode: 4,
      inputs: slots([...positive, 3], [...negative, 2]),
      outputs: slots(positive, negative),
    },
    { id: 3, type: 'KSampler', inputs: slots([...positive, 4], [...negative, 5]), widgets_values: [1] },
    {
      id: 5,
      type: 'ImageUpscaleWithModel',
      mode: 4,
      inputs: slots(['upscale_model', 'UPSCALE_MODEL'], ['image', 'IMAGE', 6]),
      outputs: slots(['IMAGE', 'IMAGE']),
    },
    { id: 6, type: 'SaveImage', inputs: slots(['images', 'IMAGE', 7]) },
  ]
  const { found } = await findPrompt(withText('workflow', JSON.stringify({ nodes, links })))
  expect(found).toMatchObject({ prompt: 'a fox', negative: 'bad' })
})

test("ComfyUI's editor: thousands of Get and Set, and a circle of them, end at once", async () => {
  const count = 4000
  const nodes: object[] = []
  const links: unknown[] = []
  for (let i = 0; i < count; i++) {
    nodes.push({ id: i, type: 'SetNode', inputs: [{ name: '*', type: '*', link: i }], widgets_values: [i] })
    nodes.push({ id: count + i, type: 'GetNode', widgets_values: [(i + 1) % count] })
    nodes.push({ id: 2 * count + i, type: 'SaveImage', inputs: [{ name: 'images', type: 'IMAGE', link: i }] })
    links.push([i, count + i, 0, i, 0, 'IMAGE'])
  }
  const start = cpuTime()
  expect((await findPrompt(withText('workflow', JSON.stringify({ nodes, links })))).found).toBeUndefined()
  expect(cpuTime() - start).toBeLessThan(10_000)
})

test('settings with brackets that nothing closes are read at once', async () => {
  const start = cpuTime()
  const { found } = await findPrompt(withText('parameters', `a fox\nSteps: 20, ${'a: [, '.repeat(100_000)}`))
  expect(found?.prompt).toBe('a fox')
  expect(cpuTime() - start).toBeLessThan(10_000)
})

test.each([
  ['ruined-fooocus', { Prompt: 'a fox', Negative: 'bad' }],
  ['ruined-fooocus', { Prompt: 'a fox', software: 'RuinedFooocus' }],
  ['easy-diffusion', { Prompt: 'a fox', 'Negative Prompt': 'bad', Steps: 25 }],
])('%s writes %j', async (format, object) => {
  const { found } = await findPrompt(withText('parameters', JSON.stringify(object)))
  expect(found).toMatchObject({ format, prompt: 'a fox' })
})

test('an object in a field called prompt is read like one elsewhere', async () => {
  const { found } = await findPrompt(withText('prompt', JSON.stringify({ prompt: 'a fox', negative: 'bad' })))
  expect(found).toMatchObject({ prompt: 'a fox', negative: 'bad' })
})

test("NovelAI's captions of version 4 do not hide the prompt where they are empty", async () => {
  const v4_prompt = { caption: { base_caption: '', char_captions: [] } }
  const { found } = await findPrompt(
    withText('Comment', JSON.stringify({ prompt: 'a fox', uc: 'bad', v4_prompt })),
  )
  expect(found).toMatchObject({ prompt: 'a fox', negative: 'bad', format: 'novelai' })
})

test('a prompt that begins like JSON is one where settings follow it', async () => {
  const { found } = await findPrompt(withText('parameters', '{"red"} fox\nSteps: 20, Sampler: Euler'))
  expect(found?.prompt).toBe('{"red"} fox')
})

test('of several outputs of a graph the one is taken whose prefix the file name begins with', async () => {
  const sampler = (text: string): GraphNode => node('KSampler', { seed: 1, positive: [text, 0] })
  const save = (from: string, filename_prefix: string): GraphNode =>
    node('SaveImage', { images: [from, 0], filename_prefix })
  const graph = {
    a: node('CLIPTextEncode', { text: 'one' }),
    b: node('CLIPTextEncode', { text: 'two' }),
    1: sampler('a'),
    2: sampler('b'),
    3: save('1', 'day'),
    4: save('2', 'out/day_late%date%'),
  }
  const bytes = withText('prompt', JSON.stringify(graph))
  const promptOf = async (name: string): Promise<string | undefined> =>
    (await findPrompt(bytes, { name })).found?.prompt
  expect(await promptOf('in/day_00001_.png')).toBe('one')
  expect(await promptOf('in/day_late_00001_.png')).toBe('two')
  expect(await promptOf('other.png')).toBe('one')
})
