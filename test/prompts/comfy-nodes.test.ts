import { expect, test } from 'vitest'
import { findComfy } from '../../src/prompts/comfy/find-comfy.ts'
import type { FoundPrompt } from '../../src/prompts/image-prompt.ts'
import { TextFields } from '../../src/prompts/text-fields.ts'

const findIn = (key: 'prompt' | 'workflow', graph: object): FoundPrompt | 'runtime-text' | undefined => {
  const fields = new TextFields('PNG')
  fields.add(key, JSON.stringify(graph), key)
  return findComfy(fields)
}
const node = (class_type: string, inputs: object = {}): object => ({ class_type, inputs })
const text = (value: unknown): object => node('CLIPTextEncode', { text: value, clip: ['c', 1] })
/** A graph whose sampler's positive side comes from `p`. */
const sampled = (nodes: object): object => ({
  n: text('bad'),
  k: node('KSampler', { seed: 1, positive: ['p', 0], negative: ['n', 0] }),
  d: node('VAEDecode', { samples: ['k', 0] }),
  s: node('SaveImage', { images: ['d', 0] }),
  ...nodes,
})
const [fox, hen] = [node('PrimitiveString', { value: 'a fox' }), node('PrimitiveString', { value: 'a hen' })]

test.each([
  [
    'conditionings by number',
    {
      p: node('ImpactSwitch', { select: 2, input1: ['b', 0], input2: ['a', 0] }),
      a: text('a fox'),
      b: text('a hen'),
    },
  ],
  [
    'conditionings by truth',
    {
      p: node('ComfySwitchNode', { switch: false, on_false: ['a', 0], on_true: ['b', 0] }),
      a: text('a fox'),
      b: text('a hen'),
    },
  ],
  [
    'texts by a truth that is linked',
    {
      p: text(['w', 0]),
      w: node('ComfySwitchNode', { switch: ['q', 0], on_false: ['b', 0], on_true: ['a', 0] }),
      q: node('PrimitiveBoolean', { value: true }),
      a: fox,
      b: hen,
    },
  ],
  [
    'texts by if and else',
    {
      p: text(['w', 0]),
      w: node('easy ifElse', { boolean: false, on_true: ['b', 0], on_false: ['a', 0] }),
      a: fox,
      b: hen,
    },
  ],
  [
    'texts by letters',
    {
      p: text(['w', 0]),
      w: node('Text Input Switch', { boolean: false, text_input_a: ['b', 0], text_input_b: ['a', 0] }),
      a: fox,
      b: hen,
    },
  ],
  [
    'pictures',
    {
      p: text('a hen'),
      q: text('a fox'),
      k2: node('KSampler', { seed: 1, positive: ['q', 0], negative: ['n', 0] }),
      w: node('ImpactSwitch', { select: 2, input1: ['k', 0], input2: ['k2', 0] }),
      s: node('SaveImage', { images: ['w', 0] }),
    },
  ],
])('switches hand on what they are set to: %s', (_, nodes) => {
  expect(findIn('prompt', sampled(nodes))).toMatchObject({ prompt: 'a fox', negative: 'bad' })
})

test.each([
  ['a fox', node('StringSubstring', { string: 'say: a fox!', start: 5, end: 10 })],
  ['A FOX', node('CaseConverter', { string: 'a fox', mode: 'UPPERCASE' })],
  ['a fox', node('easy promptLine', { prompt: 'a hen\na fox\n', start_index: 1, max_rows: 1 })],
  [
    'a fox',
    node('CR Text Replace', { text: 'a hen', find1: 'hen', replace1: 'fox', find2: '', replace2: '' }),
  ],
  [
    'a, fox',
    node('Text Concatenate', { delimiter: ', ', clean_whitespace: 'true', text_a: 'a ', text_b: ' fox' }),
  ],
  [undefined, node('RegexExtract', { string: 'a fox', regex_pattern: 'fox' })],
  [undefined, node('Text Random Line', { text: 'a fox\na hen', seed: 1 })],
])('what nodes make of a text is told as %j, or not at all', (prompt, edit) => {
  const found = findIn('prompt', sampled({ p: text(['w', 0]), w: edit }))
  if (prompt === undefined) expect(found).toBe('runtime-text')
  else expect(found).toMatchObject({ prompt })
})

test.each([
  [
    'pipes',
    {
      1: node('easy fullLoader', { positive: 'a fox', negative: 'bad' }),
      2: node('easy preSampling', { seed: 1, steps: 20, pipe: ['1', 0] }),
      3: node('easy kSampler', { pipe: ['2', 0] }),
      4: node('SaveImage', { images: ['3', 1] }),
    },
  ],
  [
    'basic pipes',
    sampled({
      p: text('a fox'),
      b: node('ToBasicPipe', { positive: ['p', 0], negative: ['n', 0] }),
      k: node('ImpactKSamplerBasicPipe', { basic_pipe: ['b', 0], seed: 1, steps: 2 }),
    }),
  ],
  [
    'services',
    {
      1: node('GeminiImageNode', { prompt: ['0', 0], negative_prompt: 'bad', seed: 0 }),
      0: fox,
      2: node('SaveImage', { images: ['1', 0] }),
    },
  ],
  [
    'embeddings of texts',
    {
      1: node('WanVideoSampler', { text_embeds: ['p', 0], seed: 1 }),
      p: node('WanVideoTextEncode', { positive_prompt: 'a fox', negative_prompt: 'bad' }),
      2: node('SaveImage', { images: ['1', 0] }),
    },
  ],
])('samplers that take no positive side are told by %s', (_, graph) => {
  expect(findIn('prompt', graph)).toMatchObject({ prompt: 'a fox', negative: 'bad' })
})

// Of the editor: a subgraph, used once, with another in it.
const widget = (name: string, link: number | null): object => ({ name, link, widget: { name } })
const input = (name: string, link: number | null): object => ({ name, link })
const encoder = {
  id: 'encoder',
  inputs: [{ name: 'text', linkIds: [1] }],
  outputs: [{ name: 'CONDITIONING', linkIds: [2] }],
  nodes: [
    { id: 6, type: 'CLIPTextEncode', inputs: [widget('text', 1)], widgets_values: ['the default'] },
    {
      id: 7,
      type: 'FluxKontextMultiReferenceLatentMethod',
      inputs: [input('conditioning', 3)],
      widgets_values: ['index'],
    },
  ],
  links: [
    { id: 1, origin_id: -10, origin_slot: 0, target_id: 6, target_slot: 0 },
    { id: 3, origin_id: 6, origin_slot: 0, target_id: 7, target_slot: 0 },
    { id: 2, origin_id: 7, origin_slot: 0, target_id: -20, target_slot: 0 },
  ],
}
const maker = {
  id: 'maker',
  inputs: [{ name: 'text', linkIds: [1] }],
  outputs: [{ name: 'IMAGE', linkIds: [5] }],
  nodes: [
    { id: 1, type: 'encoder', inputs: [widget('text', 1)] },
    { id: 2, type: 'CLIPTextEncode', widgets_values: ['the default'] },
    { id: 3, type: 'KSampler', inputs: [input('positive', 2), input('negative', 3)], widgets_values: [1] },
    { id: 4, type: 'VAEDecode', inputs: [input('samples', 4)] },
  ],
  links: [
    { id: 1, origin_id: -10, origin_slot: 0 },
    { id: 2, origin_id: 1, origin_slot: 0 },
    { id: 3, origin_id: 2, origin_slot: 0 },
    { id: 4, origin_id: 3, origin_slot: 0 },
    { id: 5, origin_id: 4, origin_slot: 0 },
  ],
}
const used = (use: object, more: readonly object[] = [], links: readonly unknown[] = []): object => ({
  nodes: [
    { id: 75, type: 'maker', ...use },
    { id: 60, type: 'SaveImage', inputs: [input('images', 133)] },
    ...more,
  ],
  links: [[133, 75, 0, 60, 0, 'IMAGE'], ...links],
  definitions: { subgraphs: [maker, encoder] },
})

test.each([
  [
    'typed at its node',
    used({
      properties: {
        proxyWidgets: [
          ['-1', 'text'],
          ['2', 'text'],
        ],
      },
      widgets_values: ['a fox', 'bad'],
    }),
    { prompt: 'a fox', negative: 'bad' },
  ],
  [
    "typed at an input of its node's",
    used({ inputs: [widget('text', null)], widgets_values: ['a fox'] }),
    { prompt: 'a fox', negative: 'the default' },
  ],
  [
    'from a node outside',
    used(
      { inputs: [widget('text', 9)] },
      [{ id: 8, type: 'PrimitiveString', inputs: [widget('value', null)], widgets_values: ['a fox'] }],
      [[9, 8, 0, 75, 0, 'STRING']],
    ),
    { prompt: 'a fox' },
  ],
  ['typed within it', used({}), { prompt: 'the default' }],
])('subgraphs of the editor are unfolded: a text %s', (_, workflow, answer) => {
  expect(findIn('workflow', workflow)).toMatchObject(answer)
})

test('subgraphs that use each other without end are no graph, at once', () => {
  const start = performance.now()
  const twice = (id: number): object => ({
    id: `${id}`,
    nodes: [0, 1].map((n) => ({ id: n, type: `${(id + 1) % 40}` })),
  })
  const subgraphs = Array.from({ length: 40 }, (_, id) => twice(id))
  expect(findIn('workflow', { nodes: [{ id: 1, type: '0' }], definitions: { subgraphs } })).toBeUndefined()
  expect(performance.now() - start).toBeLessThan(10_000)
})

test('newer editors name all values, a seed with what becomes of it among them', () => {
  const nodes = [
    {
      id: 1,
      type: 'GeminiImageNode',
      inputs: [widget('model', null), widget('seed', null), widget('prompt', null)],
      widgets_values: ['g', 5, 'randomize', 'a fox'],
    },
    { id: 2, type: 'SaveImage', inputs: [input('images', 1)] },
  ]
  expect(findIn('workflow', { nodes, links: [[1, 1, 0, 2, 0, 'IMAGE']] })).toMatchObject({ prompt: 'a fox' })
})
