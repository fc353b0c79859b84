import { beforeEach, expect, test } from 'vitest'
import { DEMO_NOTE } from '../../src/models/default-model-node.ts'
import { cliRoom, hpOf, ictOf } from './cli-room.ts'

const room = cliRoom()
const PROMPT = 'a red fox'
const TOKENS = 5
const scores = (pixel: number) => ({
  ict: expect.closeTo(ictOf(pixel, TOKENS), 6),
  hp: expect.closeTo(hpOf(pixel), 6),
})
const weighted = (pixel: number, ict = 0.5, hp = 0.5): unknown =>
  expect.closeTo(ict * ictOf(pixel, TOKENS) + hp * hpOf(pixel), 6)

beforeEach(() => room.write({ 'a.png': '10', 'b.png': '250', 'c.png': '130' }))

test('--json is the ranking with the names of the images', async () => {
  const { code, stdout, stderr } = await room.run([
    'rank',
    '.',
    '--prompt',
    PROMPT,
    '--min-ict',
    '0.7',
    '--min-hp',
    '0.6',
    '--json',
  ])
  expect(JSON.parse(stdout)).toEqual({
    combine: 'weighted',
    weights: { ict: 0.5, hp: 0.5 },
    results: [
      { image: 'b.png', index: 1, rank: 1, score: weighted(250), ...scores(250), passed: true },
      { image: 'c.png', index: 2, rank: 2, score: weighted(130), ...scores(130), passed: false },
      { image: 'a.png', index: 0, rank: 3, score: weighted(10), ...scores(10), passed: false },
    ],
    prompt: PROMPT,
    model: 'model',
    device: 'cpu',
    dtype: 'fp32',
    models: { ict: 'fake/ict', hp: 'fake/hp' },
  })
  expect(stderr).toBe('note: auto took cpu\nnote: 3 images ranked by weighted (0.5·ICT + 0.5·HP)\n')
  expect(code).toBe(0)
})

test('--top keeps the best, --weights are used and named', async () => {
  const { stdout } = await room.run([
    'rank',
    '.',
    '--prompt',
    PROMPT,
    '--weights',
    'ict=0.9,hp=0.1',
    '--top',
    '1',
    '--json',
  ])
  expect(JSON.parse(stdout)).toMatchObject({
    weights: { ict: 0.9, hp: 0.1 },
    results: [{ image: 'c.png', score: weighted(130, 0.9, 0.1) }],
  })
  const short = await room.run(['rank', '.', '--prompt', PROMPT, '--weights', '0.9, 0.1', '--json'])
  expect(JSON.parse(short.stdout).results).toHaveLength(3)
  const partial = await room.run(['rank', '.', '--prompt', PROMPT, '--weights', 'hp=2', '--json'])
  expect(JSON.parse(partial.stdout).weights).toEqual({ ict: 0.5, hp: 2 })
})

test.each([
  ['product', ['b.png', 'c.png', 'a.png']],
  ['softmax', ['b.png', 'c.png', 'a.png']],
  ['ict', ['c.png', 'a.png', 'b.png']],
  ['hp', ['b.png', 'c.png', 'a.png']],
])('--combine %s orders by it and names it', async (combine, order) => {
  const { stdout } = await room.run(['rank', '.', '--prompt', PROMPT, '--combine', combine, '--json'])
  const ranking = JSON.parse(stdout) as { combine: string; weights?: unknown; results: { image: string }[] }
  expect([ranking.combine, ranking.weights, ranking.results.map(({ image }) => image)]).toEqual([
    combine,
    undefined,
    order,
  ])
})

test('without a prompt HP alone orders, and ICT is not loaded', async () => {
  const { code, stdout, stderr } = await room.run(['rank', '.'])
  expect(stdout).toBe(
    [
      'rank      hp  image',
      '   1  0.8723  b.png',
      '   2  0.5098  c.png',
      '   3  0.1367  a.png',
      '',
      'fake/hp, fp32 on cpu',
      '',
    ].join('\n'),
  )
  expect(stderr).toContain('note: no prompt, so the images are ranked by HP alone\n')
  expect(room.log.some((line) => line.includes('fake/ict'))).toBe(false)
  expect(code).toBe(0)
})

test('the table names the rule in its header', async () => {
  const { stdout } = await room.run(['rank', '.', '--prompt', PROMPT, '--min-hp', '0.6'])
  const [header, first] = stdout.split('\n')
  expect([header, first]).toEqual([
    'rank  weighted     ict      hp  passed  image',
    '   1    0.8796  0.8868  0.8723     yes  b.png',
  ])
})

test('--ndjson comes in ranked order, unreadable images last', async () => {
  await room.write({ '0.png': 'bad' })
  const { code, stdout } = await room.run(['rank', '.', '--only', 'hp', '--ndjson', '-q'])
  expect(code).toBe(3)
  const lines = stdout
    .trimEnd()
    .split('\n')
    .map(
      (line) =>
        JSON.parse(line) as {
          image: string
          rank?: number
          combine?: string
          models?: object
          error?: { code: string }
        },
    )
  expect(lines[0]!.models).toEqual({ hp: 'fake/hp' })
  expect(lines.map(({ image, rank, combine, error }) => [image, rank, combine, error?.code])).toEqual([
    ['b.png', 1, 'hp', undefined],
    ['c.png', 2, 'hp', undefined],
    ['a.png', 3, 'hp', undefined],
    ['0.png', undefined, undefined, 'image_unreadable'],
  ])
})

test('--csv has a header and a row an image', async () => {
  const { stdout } = await room.run(['rank', 'a.png', '--only', 'hp', '--csv'])
  expect(stdout).toMatch(
    /^image,rank,score,ict,hp,passed,combine,model\r\na\.png,1,0\.13668\d+,,0\.13668\d+,,hp,fake\/hp\r\n$/,
  )
})

test('where no model is named or pulled, a note says that it is the demo model, and --model is silent', async () => {
  const args = ['rank', '.', '--prompt', PROMPT, '--json']
  const demo = await room.run(args, { env: { ICTHP_MODEL: '' } })
  expect(JSON.parse(demo.stdout)).toMatchObject({ model: 'demo', models: { ict: 'fake/ict', hp: 'fake/hp' } })
  expect(demo.stderr.split('\n').filter((line) => line.includes('demo'))).toEqual([`note: ${DEMO_NOTE}`])
  const named = await room.run([...args, '--model', 'mine'], { env: { ICTHP_MODEL: '' } })
  expect([JSON.parse(named.stdout).model, named.stderr.includes('demo')]).toEqual(['mine', false])
})

test('where no image can be read, the ranking is empty and the exit code 3', async () => {
  await room.write({ 'bad.png': 'bad' })
  const { code, stdout } = await room.run(['rank', 'bad.png', '--prompt', PROMPT, '--json', '-q'])
  expect(code).toBe(3)
  expect(JSON.parse(stdout)).toMatchObject({
    results: [],
    errors: [{ image: 'bad.png', code: 'image_unreadable' }],
  })
})

test.each([
  [
    ['--combine', 'weighted'],
    'error: --combine weighted needs ICT scores: give a --prompt, and leave out --only.',
  ],
  [
    ['--prompt', 'x', '--only', 'ict', '--combine', 'hp'],
    'error: --combine hp needs HP scores: give a --prompt, and leave out --only.',
  ],
  [
    ['--prompt', 'x', '--combine', 'product', '--weights', '1,1'],
    'error: --weights is for --combine weighted, not for product.',
  ],
  [
    ['--prompt', 'x', '--prompt', 'y'],
    "error: option '-p, --prompt <text>' argument 'y' is invalid. It may be given once.",
  ],
  [
    ['--weights', 'ict=1,ict=2'],
    "error: option '--weights <weights>' argument 'ict=1,ict=2' is invalid. Give ict=NUMBER,hp=NUMBER, or NUMBER,NUMBER.",
  ],
  [
    ['--weights', '1'],
    "error: option '--weights <weights>' argument '1' is invalid. Give ict=NUMBER,hp=NUMBER, or NUMBER,NUMBER.",
  ],
  [
    ['--weights', '1,x'],
    "error: option '--weights <weights>' argument '1,x' is invalid. It must be a number.",
  ],
  [
    ['--combine', 'best'],
    "error: option '--combine <rule>' argument 'best' is invalid. Allowed choices are weighted, product, softmax, ict, hp.",
  ],
  [['--top', '0'], "error: option '--top <n>' argument '0' is invalid. It must be a whole number from 1."],
])('%j is told as wrong usage, before anything is loaded', async (flags, message) => {
  const { code, stdout, stderr } = await room.run(['rank', 'a.png', ...flags])
  expect([code, stdout, stderr]).toEqual([
    2,
    '',
    `${message}\nRun \`icthp rank --help\` for what it takes.\n`,
  ])
  expect(room.log).toEqual([])
})
