import { mkdir, readdir, readFile, rm, stat, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeEach, expect, test } from 'vitest'
import { LAYOUT_NAMES } from '../../src/cli/options/pair-options.ts'
import { LAYOUTS } from '../../src/pairs/layouts/layouts.ts'
import { cliRoom, hpOf, ictOf } from './cli-room.ts'

const room = cliRoom()
/** Tokens of `a red fox`, `a fox`. */
const [RED, FOX] = [5, 4]
const near = (value: number): unknown => expect.closeTo(value, 6)

beforeEach(async () => {
  await room.write({
    'run/a.png': '10',
    'run/b.png': '250',
    'run/c.png': '130',
    'run/gone.png': 'bad',
    'run/pairs.csv':
      'file_name,caption,id\na.png,a fox,1\nb.png,a red fox,1\nc.png,a fox,2\ngone.png,a fox,2\nb.png,,2\n',
  })
})

const json = async (args: readonly string[]) => {
  const run = await room.run(args)
  return { ...run, value: JSON.parse(run.stdout) }
}

test('score --pairs scores each image with the prompt of its row, by paths from the table', async () => {
  const { code, value, stderr } = await json(['score', '--pairs', 'run/pairs.csv', '--json'])
  expect(value.results).toEqual([
    { image: 'a.png', prompt: 'a fox', ict: [near(ictOf(10, FOX))], hp: near(hpOf(10)) },
    { image: 'b.png', prompt: 'a red fox', ict: [near(ictOf(250, RED))], hp: near(hpOf(250)) },
    { image: 'c.png', prompt: 'a fox', ict: [near(ictOf(130, FOX))], hp: near(hpOf(130)) },
  ])
  expect(value.errors.map(({ image, code }: { image: string; code: string }) => [image, code])).toEqual([
    ['b.png', 'image_no_prompt'],
    ['gone.png', 'image_unreadable'],
  ])
  expect(stderr).toContain('note: 5 pairs in run/pairs.csv: images in file_name, prompts in caption\n')
  expect(code).toBe(3)
})

test('rank --pairs ranks within prompts, or within the column of groups', async () => {
  await room.write({ 'run/two.csv': 'image,prompt,id\na.png,a fox,1\nc.png,a fox,1\nb.png,a red fox,1\n' })
  const byPrompt = await json(['rank', '--pairs', 'run/two.csv', '--combine', 'hp', '--json'])
  expect(byPrompt.value.groups).toEqual([
    {
      group: 'a fox',
      results: [
        expect.objectContaining({ image: 'c.png', prompt: 'a fox', index: 1, rank: 1 }),
        expect.objectContaining({ image: 'a.png', prompt: 'a fox', index: 0, rank: 2 }),
      ],
    },
    { group: 'a red fox', results: [expect.objectContaining({ image: 'b.png', index: 2, rank: 1 })] },
  ])
  expect(byPrompt.value).not.toHaveProperty('results')
  expect(byPrompt.stderr).toContain('note: 3 images ranked within 2 groups by hp\n')
  const columns = ['--columns', 'group=id', '--combine', 'hp', '--top', '1', '-q']
  const byColumn = await room.run(['rank', '--pairs', 'run/two.csv', ...columns, '--csv'])
  expect(byColumn.stdout.split('\r\n').map((line) => line.split(',').slice(0, 4))).toEqual([
    ['image', 'group', 'prompt', 'rank'],
    ['b.png', '1', 'a red fox', '1'],
    [''],
  ])
  const lines = await room.run(['rank', '--pairs', 'run/two.csv', '--group-by', 'none', '--ndjson', '-q'])
  expect(lines.stdout).not.toContain('"group"')
  expect(lines.stdout.trim().split('\n')).toHaveLength(3)
})

test('the table tells each group above its images', async () => {
  await room.write({ 'p.tsv': 'image\tprompt\nrun/a.png\ta fox\nrun/b.png\ta "red" fox\n' })
  const { stdout } = await room.run(['rank', '--pairs', 'p.tsv', '--only', 'hp'])
  expect(stdout).toBe(
    [
      'rank      hp  image',
      '',
      'a fox',
      '   1  0.1367  run/a.png',
      '',
      'a "red" fox',
      '   1  0.8723  run/b.png',
      '',
      'fake/hp, fp32 on cpu',
      '',
    ].join('\n'),
  )
})

test.each<[readonly string[], string]>([
  [['score', '--pairs', 'none.csv'], 'The table none.csv cannot be read: it is not there.'],
  [
    ['score', 'run/a.png', '--pairs', 'run/pairs.csv'],
    '--pairs names its images itself: leave out the others.',
  ],
  [
    ['score', '--pairs', 'run/pairs.csv', '--columns', 'prompt=text'],
    'run/pairs.csv: there is no column "text".',
  ],
  [['score', 'run', '--columns', 'prompt=text'], '--columns is for --pairs FILE, which is not given.'],
  [['score', '--pairs', 'run/pairs.csv', '--columns', 'size=3'], 'Give image=NAME,prompt=NAME,group=NAME'],
  [['score', '--pairs', 'run/pairs.csv', '-p', 'x'], "cannot be used with option '-p"],
  [['rank', 'run', '-p', 'x', '--group-by', 'prompt'], '--group-by is for images with prompts of their own'],
  [
    ['rank', 'run', '--layout', 'geneval'],
    'run is not laid out as GenEval: 00000/metadata.jsonl with a prompt',
  ],
  [['rank', 'run/a.png', '--layout', 'geneval'], '--layout geneval is for one folder'],
  [['score', '--list', 'none.txt'], 'The list none.txt cannot be read: it is not there.'],
  [['score', '--list', '-'], '--list - reads names from stdin, but stdin is a terminal.'],
  [['score', 'run', '--safe'], '--safe is for --csv, which is not given.'],
  [['rank', 'run', '--copy-best', 'run/a.png'], '--copy-best run/a.png cannot be written to'],
  [['rank', 'run', '--copy-best', 'x', '--link-best', 'y'], 'cannot be used with option'],
])('%j is wrong usage, told before anything is loaded', async (args, message) => {
  const { code, stdout, stderr } = await room.run(args)
  expect([code, stdout]).toEqual([2, ''])
  expect(stderr).toContain(message)
  expect(room.log).toEqual([])
})

test('--list names images, from a file or stdin, relative to the working folder', async () => {
  await room.write({ 'run/list.txt': '\ufeffrun/c.png\r\n\r\nrun/gone.png\n' })
  const listed = await room.run(['score', 'run/a.png', '--list', 'run/list.txt', '--ndjson', '-q'])
  expect(listed.stdout.match(/"image":"[^"]*"/g)).toEqual([
    '"image":"run/a.png"',
    '"image":"run/c.png"',
    '"image":"run/gone.png"',
  ])
  expect(listed.code).toBe(3)
  const stdin = (async function* () {
    yield new TextEncoder().encode('run/b.p')
    yield new TextEncoder().encode('ng\nrun/a.png')
  })()
  const piped = await room.run(['rank', '--list', '-', '--ndjson', '-q'], { stdin })
  expect(piped.stdout.match(/"image":"[^"]*"/g)).toEqual(['"image":"run/b.png"', '"image":"run/a.png"'])
})

test('a folder that is laid out as a benchmark is recognised, or taken as it is named', async () => {
  await room.write({
    'gen/00000/metadata.jsonl': '{"prompt": "a fox"}',
    'gen/00000/samples/0000.png': '10',
    'gen/00000/samples/0001.png': '250',
    'gen/00000/grid.png': '3',
    'gen/00001/metadata.jsonl': '{"prompt": "a red fox"}',
    'gen/00001/samples/00000.png': '130',
  })
  const seen = await json(['rank', 'gen/', '--top', '1', '--combine', 'hp', '--json'])
  expect(seen.value.groups).toMatchObject([
    { group: '00000', results: [{ image: join('gen/00000/samples/0001.png'), prompt: 'a fox' }] },
    { group: '00001', results: [{ image: join('gen/00001/samples/00000.png'), prompt: 'a red fox' }] },
  ])
  expect(seen.stderr).toContain(
    'note: gen/ is laid out as GenEval: 3 images with prompts; --layout none takes it for a folder like others\n',
  )
  const named = await json(['score', 'gen', '--layout', 'geneval', '--json'])
  expect(named.value.results).toHaveLength(3)
  expect((await room.run(['score', 'gen', '--layout', 'none'])).code).toBe(2)
  // With a prompt, a folder is a folder.
  const plain = await room.run(['score', 'gen', '-r', '-p', 'a fox', '--ndjson', '-q'])
  expect(plain.stdout.trim().split('\n')).toHaveLength(4)
})

test('--layout has the names that there are', () => {
  expect([...LAYOUT_NAMES].sort()).toEqual(LAYOUTS.map(({ name }) => name).sort())
})

test('--prompt-from ranks within prompts where that is asked for', async () => {
  await room.write({ 'run/a.txt': 'a fox', 'run/b.txt': 'a fox', 'run/c.txt': 'a red fox' })
  await rm(join(room.folder, 'run/gone.png'))
  const args = ['rank', 'run', '--prompt-from', 'sidecar', '--json', '-q']
  expect((await json(args)).value.results).toHaveLength(3)
  const { value } = await json([...args, '--group-by', 'prompt'])
  expect(
    value.groups.map(({ group, results }: { group: string; results: unknown[] }) => [group, results.length]),
  ).toEqual([
    ['a fox', 2],
    ['a red fox', 1],
  ])
})

const PAIRS = 'image,prompt\none/a.png,a fox\none/b.png,a fox\ntwo/a.png,a red fox\n'

test.each(['--copy-best', '--link-best'])(
  '%s puts the winners there and overwrites nothing',
  async (option) => {
    await room.write({ 'one/a.png': '10', 'one/b.png': '250', 'two/a.png': '130', 'pairs.csv': PAIRS })
    const args = ['rank', '--pairs', 'pairs.csv', '--combine', 'hp', option, 'best']
    const first = await room.run(args)
    expect(first.code).toBe(0)
    const told = option === '--copy-best' ? 'copied' : 'linked'
    expect(first.stderr).toContain(`note: best: 2 winners (2 ${told})\n`)
    const there = (await readdir(join(room.folder, 'best'), { recursive: true })).sort()
    expect(there).toEqual(['one', join('one', 'b.png'), 'two', join('two', 'a.png')])
    expect(await readFile(join(room.folder, 'best/one/b.png'), 'utf8')).toBe('250')
    const [from, to] = await Promise.all(
      ['one/b.png', 'best/one/b.png'].map((path) => stat(join(room.folder, path))),
    )
    expect(from!.ino === to!.ino).toBe(option === '--link-best')
    const again = await room.run(args)
    expect([again.code, again.stderr]).toEqual([0, expect.stringContaining('(2 there already)')])
  },
)

test('--copy-best leaves another file of that name, and says so', async () => {
  await room.write({
    'one/a.png': '10',
    'one/b.png': '250',
    'two/a.png': '130',
    'pairs.csv': PAIRS,
    'best/one/b.png': 'mine',
  })
  const { code, stderr, stdout } = await room.run([
    'rank',
    '--pairs',
    'pairs.csv',
    '--combine',
    'hp',
    '--top',
    '2',
    '--copy-best',
    'best',
    '--ndjson',
  ])
  expect(code).toBe(3)
  expect(stderr).toContain(
    `warning: one/b.png is not put into best: ${join('best/one/b.png')} is another file, and is not overwritten.\n`,
  )
  expect(await readFile(join(room.folder, 'best/one/b.png'), 'utf8')).toBe('mine')
  expect(await readFile(join(room.folder, 'best/one/a.png'), 'utf8')).toBe('10')
  expect(stdout.trim().split('\n')).toHaveLength(3)
})

test('--copy-best leaves out what does not pass, and --link-best links what a link leads to', async () => {
  await mkdir(join(room.folder, 'links'))
  for (const name of ['a.png', 'b.png']) await symlink(`../run/${name}`, join(room.folder, 'links', name))
  const args = ['rank', 'links', '--only', 'hp', '--min-hp', '0.6', '--top', '5', '--link-best', 'best']
  const { code } = await room.run(args)
  expect(code).toBe(0)
  expect(await readdir(join(room.folder, 'best'))).toEqual(['b.png'])
  const [from, to] = await Promise.all(
    ['run/b.png', 'best/b.png'].map((path) => stat(join(room.folder, path))),
  )
  expect(to!.ino).toBe(from!.ino)
})

test('--csv --bom begins with a byte order mark, once', async () => {
  const { stdout } = await room.run(['score', 'run/a.png', '--csv', '--bom'])
  expect(stdout.startsWith('\ufeffimage,hp,passed,model\r\n')).toBe(true)
  expect(stdout.lastIndexOf('\ufeff')).toBe(0)
})

test('--csv --safe lets no cell run, and leaves numbers', async () => {
  const prompts = ['=1+1', ' @SUM(A1)', '-1 girl', '\t=x', 'a;=1+1;b', 'a fox, +red', '＝1', 'a-b = c']
  const rows = prompts.map((prompt) => JSON.stringify({ image: 'run/b.png', prompt }))
  await room.write({ 'p.jsonl': rows.join('\n') })
  const run = async (...style: string[]): Promise<string[]> =>
    (
      await room.run([
        'rank',
        '--pairs',
        'p.jsonl',
        '--group-by',
        'none',
        '--combine',
        'ict',
        '--csv',
        ...style,
      ])
    ).stdout
      .split('\r\n')
      .slice(1, -1)
  const cells = [
    "'=1+1",
    "' @SUM(A1)",
    "'-1 girl",
    "'\t'=x",
    "a;'=1+1;b",
    `"a fox,' +red"`,
    "'＝1",
    'a-b = c',
  ]
  const safe = await run('--safe')
  expect(cells.filter((cell) => !safe.some((line) => line.startsWith(`run/b.png,${cell},`)))).toEqual([])
  expect((await run()).some((line) => line.startsWith('run/b.png,=1+1,'))).toBe(true)
  // Scores below 0 are numbers.
  await room.write({ 'low.png': '0', 'low.csv': `image,prompt\nlow.png,${'fox '.repeat(40)}\n` })
  const low = await room.run(['score', '--pairs', 'low.csv', '--csv', '--safe'])
  expect(low.stdout).toMatch(/,-0\.\d+,/)
})
