import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { join, sep } from 'node:path'
import { pathToFileURL } from 'node:url'
import { beforeEach, describe, expect, test } from 'vitest'
import { BackendError } from '../../src/base/errors.ts'
import { cliRoom, hpOf } from './cli-room.ts'

const room = cliRoom()
beforeEach(() => room.write({ 'a.png': '200', 'b.png': '100' }))

const scored = (stdout: string): unknown =>
  (JSON.parse(stdout) as { results: { image: string }[] }).results.map(({ image }) => image)
const errors = (stdout: string): unknown =>
  (JSON.parse(stdout) as { errors?: { image: string; code: string }[] }).errors?.map(({ image, code }) => [
    image,
    code,
  ])

describe('each argument has its own error, and the good ones are scored', () => {
  test.each([
    ['', 'image_not_found'],
    ['file:///a%2Fb.jpg', 'image_unsupported'],
    ['file:///%zz.jpg', 'image_unsupported'],
    ['s3://bucket/a.jpg', 'image_unsupported'],
    ...(process.platform === 'win32' ? [] : [['file://host/x', 'image_unsupported']]),
  ])('%j', async (arg, code) => {
    const { code: exit, stdout, stderr } = await room.run(['score', arg!, 'a.png', '--json', '-q'])
    expect([exit, scored(stdout), errors(stdout)]).toEqual([3, ['a.png'], [[arg, code]]])
    expect(stderr).toMatch(new RegExp(`^warning: .*\\. \\(${code}\\)\\n$`))
    const alone = await room.run(['score', arg!, '--json', '-q'])
    expect([alone.code, alone.stdout]).toEqual([2, ''])
  })

  // root reads everything.
  const closed = process.platform === 'win32' || process.getuid?.() === 0
  test.skipIf(closed)('folders that cannot be read', async () => {
    await room.write({ 'shut/c.png': '1', 'in/shut/d.png': '2', 'in/e.png': '3' })
    for (const folder of ['shut', 'in/shut']) await chmod(join(room.folder, folder), 0)
    const args = ['score', 'shut', 'a.png', 'in', '**/*.png', '-r', '--json', '-q']
    const { code, stdout } = await room.run(args)
    expect([code, scored(stdout)]).toEqual([3, ['a.png', 'in/e.png', 'a.png', 'b.png', 'in/e.png']])
    expect(errors(stdout)).toEqual([
      ['shut', 'image_unreadable'],
      ['in/shut', 'image_unreadable'],
      ...['in/shut', 'shut'].map((folder) => [folder, 'image_unreadable']),
    ])
    for (const folder of ['shut', 'in/shut']) await chmod(join(room.folder, folder), 0o700)
  })

  test('a text that is an image is not quoted at length', async () => {
    const base64 = Buffer.concat([Buffer.from([0xff, 0xd8, 0xff, 0xe0]), Buffer.alloc(30_000, 7)]).toString(
      'base64',
    )
    const { stdout, stderr } = await room.run(['score', base64, 'x'.repeat(40_000), 'a.png', '--json', '-q'])
    expect(scored(stdout)).toEqual(['a.png'])
    expect(stderr).toContain('is base64, not a path. Put `data:image/png;base64,` in front of it')
    expect(stderr.length + stdout.length).toBeLessThan(3000)
  })
})

test('- is an image from stdin, once or more', async () => {
  async function* stdin(): AsyncGenerator<Uint8Array> {
    yield Buffer.from('1')
    yield Buffer.from('30')
  }
  const { code, stdout } = await room.run(['score', '-', 'a.png', '-', '--ndjson'], { stdin: stdin() })
  const rows = stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))
  const row = { image: '-', hp: expect.closeTo(hpOf(130), 6), models: { hp: 'fake/hp' } }
  expect([code, rows]).toEqual([
    0,
    [row, { image: 'a.png', hp: expect.closeTo(hpOf(200), 6), models: { hp: 'fake/hp' } }, row],
  ])
  const nothing = await room.run(['score', '-'])
  expect([nothing.code, nothing.stderr]).toEqual([
    2,
    expect.stringContaining('stdin is a terminal. Pipe one in'),
  ])
})

test('a data URL is an image, named in short', async () => {
  const { stdout } = await room.run(['score', `data:image/png;base64,${'A'.repeat(1000)}`, '--json', '-q'])
  expect(scored(stdout)).toEqual([`data:image/png;base64,${'A'.repeat(78)}…${'A'.repeat(100)}`])
})

describe.skipIf(process.platform !== 'linux')('names that are not UTF-8', () => {
  const raw = (text: string): Buffer => Buffer.from(`${room.folder}${sep}${text}`, 'latin1')

  test('are found as arguments, in folders, by globs and by file URLs', async () => {
    await mkdir(raw('in\xe9'))
    await writeFile(raw('in\xe9/c\xe8.png'), '50')
    const [shown, folder] = ['in\ufffd/c\ufffd.png', 'in\ufffd']
    const url = `${pathToFileURL(room.folder).href}/in%E9/c%E8.png`
    const { code, stdout } = await room.run(['score', shown, folder, '*/*.png', url, '--json', '-q'])
    expect([code, scored(stdout)]).toEqual([0, [shown, shown, shown, url]])
    expect(stdout.match(/"hp": [\d.]+/g)).toHaveLength(4)
    expect(JSON.parse(stdout).results[0].hp).toBeCloseTo(hpOf(50), 6)
  })

  test('are told apart where they look alike', async () => {
    for (const [i, name] of ['c\xe8.jpg', 'c\xe9.jpg'].entries()) await writeFile(raw(name), String(50 + i))
    const same = 'c\ufffd.jpg'
    const named = ['c\\xE8.jpg', 'c\\xE9.jpg']
    expect(scored((await room.run(['score', same, same, '--json', '-q'])).stdout)).toEqual(named)
    expect(scored((await room.run(['score', '.', '--json', '-q'])).stdout)).toEqual([
      'a.png',
      'b.png',
      ...named,
    ])
    expect(scored((await room.run(['score', 'c*', '--json', '-q'])).stdout)).toEqual(named)
    const { code, stderr } = await room.run(['score', same])
    expect([code, stderr]).toEqual([2, expect.stringContaining('2 files look like it: name their folder')])
  })
})

test.each([
  [
    '-p',
    '-d',
    "option '-p, --prompt <text>' is followed by -d, so its value is missing. If -d is the value, write --prompt=-d.",
  ],
  ['--model', '--json', 'If --json is the value, write --model=--json.'],
  ['-p=x', 'b.png', '-p=x is not how a value is given: write -p VALUE, or --prompt=x.'],
])('%s %s is refused', async (option, value, said) => {
  const { code, stdout, stderr } = await room.run(['score', 'a.png', option, value, 'cpu'])
  expect([code, stdout]).toEqual([2, ''])
  expect(stderr).toContain(said)
  expect(stderr).toContain('Run `icthp score --help` for what it takes.\n')
})

test('values that begin with a dash can be given all the same', async () => {
  const prompts = async (...args: string[]): Promise<unknown> =>
    JSON.parse((await room.run(['score', 'a.png', ...args, '--json', '-q'])).stdout).prompts
  expect(await prompts('--prompt=-d', '-p', '-5 degrees', '-p', '- a list')).toEqual([
    '-d',
    '-5 degrees',
    '- a list',
  ])
  expect((await room.run(['score', 'a.png', '-p', 'x', '--min-ict', '-0.5'])).code).toBe(0)
})

test('an empty prompt is scored, with a word', async () => {
  for (const command of ['score', 'rank']) {
    const { code, stderr } = await room.run([command, 'a.png', '-p', ' ', '-q', '--json'])
    expect([code, stderr]).toEqual([
      0,
      'warning: the prompt is empty: ICT says how near an image is to no text at all\n',
    ])
  }
})

test.each(['score', 'rank'])('%s says that a prompt is not used', async (command) => {
  const { stderr } = await room.run([command, 'a.png', '-p', 'x', '--only', 'hp'])
  expect(stderr).toContain('note: the prompt is not used: HP, which runs alone, asks for none\n')
})

test.each([
  ['--min-hp', '2', 'It must be from 0 to 1.'],
  ['--min-hp', '-0.1', 'It must be from 0 to 1.'],
  ['--min-ict', '1.5', 'It must be from -1 to 1.'],
])('%s %s is refused', async (option, value, said) => {
  const { code, stderr } = await room.run(['score', 'a.png', '-p', 'x', option, value])
  expect(code).toBe(2)
  expect(stderr).toContain(said)
})

test('the library’s options are told as the command line’s', async () => {
  const { code, stderr } = await room.run(['score', 'a.png', '--batch-size', '5000'])
  expect([code, stderr]).toEqual([
    2,
    expect.stringContaining('error: --batch-size is a whole number from 1 to 3000'),
  ])
  room.services.decoder = async () =>
    (await import('../../src/image/decoder-node.ts')).createNodeDecoder({ threads: 0 })
  const picture = new URL('../../examples/images/teacup.jpg', import.meta.url).href
  const large = await room.run(['score', picture, '--max-pixels', '500', '-q', '--ndjson'])
  expect(large.stderr).toContain(
    'more than the limit of 500. Scale it down, or raise --max-pixels if it is trusted.',
  )
  expect(large.stdout + large.stderr).not.toContain('maxPixels')
})

test('passwords of addresses are not printed', async () => {
  const image = 'http://user:pa55@127.0.0.1:1/a.png'
  const model = 'https://user:pa55@models.example/m'
  for (const args of [
    ['score', image, '-m', model, '--json'],
    ['score', image, '-m', model, '--html', 'r.html'],
    ['rank', image, '-p', 'x', '-m', model, '--ndjson'],
    ['info', '-m', model, '--json'],
    ['inspect', image],
  ]) {
    const { stdout, stderr } = await room.run(args)
    expect(stdout + stderr).not.toContain('pa55')
  }
  expect(scored((await room.run(['score', image, '--json'])).stdout)).toEqual(['http://127.0.0.1:1/a.png'])
})

test('signatures and tokens in addresses are not printed', async () => {
  const image = 'http://127.0.0.1:1/a.png?w=5&X-Amz-Security-Token=s3cret&X-Amz-Signature=s3cret'
  for (const args of [
    ['score', image, 'a.png', '--json'],
    ['rank', image, '-p', 'x', '--ndjson'],
    ['inspect', image],
    ['dataset', 'status', '--out', 'o', '--redis', 'redis://127.0.0.1:1?password=s3cret'],
  ]) {
    const { stdout, stderr } = await room.run(args)
    expect(stdout + stderr).not.toContain('s3cret')
  }
  const named = 'http://127.0.0.1:1/a.png?w=5&X-Amz-Security-Token=…&X-Amz-Signature=…'
  expect(scored((await room.run(['score', image, '--json'])).stdout)).toEqual([named])
})

const SECRET = 'https://user:pa55@models.example/x'
test.each([
  ['convert', '--hp', SECRET, '--out', 'o'],
  ['convert', '--hp', 'h', `--out=${SECRET}`],
  ['export', '--to', 'triton', '-o', SECRET],
  ['score', 'a.png', '--html', `${SECRET}.html`],
  ['score', 'a.png', '--sheet', `${SECRET}.png`],
  ['score', '--list', SECRET],
  ['score', 'a.png', '--prompts-file', 'file:///x'],
  ['rank', 'a.png', '-p', 'x', '--copy-best', 's3://bucket/x'],
  ['rank', '--pairs', SECRET],
  ['dataset', 'score', '.', '--out', SECRET],
  ['dataset', 'score', '.', '--out', 'o', '--cache', SECRET],
  ['dataset', 'merge', '--out', 'o', '--to', `${SECRET}.parquet`],
])('a file or folder of this machine is no address: %s', async (...args) => {
  const { code, stdout, stderr } = await room.run(args)
  expect([code, stdout]).toEqual([2, ''])
  expect(stderr).toMatch(/takes a .*, not an address such as /)
  expect(stdout + stderr).not.toContain('pa55')
  expect(room.log).toEqual([])
})

test.each([
  ['A'],
  ['score', '--A'],
  ['score', 'a.png', '--dtype', 'A'],
  ['score', 'a.png', '--batch-size', 'A'],
  ['score', 'a.png', '--backend', 'A'],
  ['score', '--list', 'A'],
  ['score', '--pairs', 'A.csv'],
  ['rank', 'a.png', '-p', 'x', '--copy-best', 'A'],
  ['serve', '--only', 'A'],
  ['convert', '--hp', 'A', '--out', 'o'],
  ['dataset', 'A'],
  ['dataset', 'score', 'A', '--out', 'o', '--only', 'hp'],
  ['dataset', 'score', '.', '--out', 'A', '--only', 'hp'],
  ['dataset', 'status', '--out', 'A'],
  ['dataset', 'score', '.', '--out', 'o', '--shard', 'A'],
])('an argument is not quoted at length: %s', async (...args) => {
  const { code, stdout, stderr } = await room.run(args.map((arg) => arg.replace('A', 'A'.repeat(50_000))))
  expect([code === 0, stdout]).toEqual([false, ''])
  expect(stderr.length).toBeLessThan(2500)
})

test('nor is a password in a value that is refused', async () => {
  const { stderr } = await room.run(['score', 'a.png', '--only', 'https://user:pa55@host/x'])
  expect(stderr).toMatch(/argument 'https:\/\/host\/x' is invalid/)
})

test('a working folder that is gone is told, with a code', async () => {
  const gone = Object.assign(new Error('ENOENT: no such file or directory, uv_cwd'), { syscall: 'uv_cwd' })
  room.services.defaultModel = () => Promise.reject(gone)
  const { code, stderr } = await room.run(['info'])
  expect([code, stderr]).toEqual([
    1,
    'error: The working folder is not there any more: it was deleted or moved. Change into one that is there. ' +
      '(input_no_working_folder)\n',
  ])
})

test.each([
  ['score', 'a.png', '--list', ''],
  ['score', 'a.png', '--prompts-file', ''],
  ['score', 'a.png', '--html='],
  ['score', 'a.png', '-m', ''],
  ['score', 'a.png', '--backend', ''],
  ['rank', 'a.png', '--copy-best', ''],
  ['verify', '--dtype='],
  ['info', '--model', ''],
  ['serve', '--host', ''],
  ['serve', '--allow-urls', '--url-hosts', ''],
  ['export', '--to', 'ovms', '--out', ''],
  ['convert', '--hp', '', '--out', 'x'],
  ['convert', '--hp', 'x', '--out', ''],
  ['pull', '--out', ''],
  ['dataset', 'score', '.', '--out', ''],
  ['dataset', 'status', '--out', ''],
])('a value that is empty does not mean the working folder: %s', async (...args) => {
  const { code, stdout, stderr } = await room.run(args)
  expect([code, stdout]).toEqual([2, ''])
  expect(stderr).toContain('has an empty value: a variable may be. Give one, or leave ')
})

test('nor does a source of a dataset that is empty', async () => {
  const { code, stderr } = await room.run(['dataset', 'score', '', '--out', 'o', '--only', 'hp'])
  expect([code, stderr]).toEqual([2, expect.stringContaining('The name of a source is empty')])
})

test.each([
  [['score', 'a.png', '--plain'], '--plain is for prompts, and there is none'],
  [['rank', 'a.png', '--plain'], '--plain is for prompts, and there is none'],
  [['score', 'a.png', '--resolution', '512'], '--resolution is for a folder that is laid out as DPG-Bench'],
  [['score', '.', '-p', 'x', '--resolution', '512'], '--resolution is for a folder'],
  [['score', '--pairs', 'p.csv', '--resolution', '512'], '--resolution is for a folder'],
  [
    ['score', 'a.png', '--backend', 'http://127.0.0.1:1', '--threads', '2'],
    '--threads is for towers that run here',
  ],
  [['inspect', '--text', 'x', '--max-pixels', '5'], 'are for images, not for --text'],
  [['inspect', '--text', 'x', '--recursive'], 'are for images, not for --text'],
  [['inspect', '--text', 'x', '--no-sharp'], 'are for images, not for --text'],
])('an option that would do nothing is refused: %j', async (args, said) => {
  const { code, stdout, stderr } = await room.run(args)
  expect([code, stdout]).toEqual([2, ''])
  expect(stderr).toContain(said)
})

test('a revision of what is no repository is noted', async () => {
  const { code, stderr } = await room.run(['score', 'a.png', '--revision', 'v2'])
  expect([code, stderr]).toEqual([0, expect.stringContaining('note: revision "v2" is not used: ')])
})

test('a working folder that is gone is told where a runtime meets it, too', async () => {
  const cause = Object.assign(new Error('ENOENT, uv_cwd'), { syscall: 'uv_cwd' })
  room.services.defaultModel = () =>
    Promise.reject(new BackendError('backend_failed', 'It failed.', { cause }))
  const { code, stderr } = await room.run(['score', 'a.png'])
  expect([code, stderr]).toEqual([1, expect.stringContaining('(input_no_working_folder)')])
})

test('a folder of images is no folder of DPG-Bench', async () => {
  await room.write({ 'in/e.png': '5' })
  const { code, stderr } = await room.run(['score', 'in', '--resolution', '512'])
  expect([code, stderr]).toEqual([
    2,
    expect.stringContaining('--resolution is for a folder that is laid out'),
  ])
})

describe.skipIf(process.platform !== 'linux')('where no folder or file can be made', () => {
  test.each([
    ['score', 'a.png', '--html', '/proc/none/r.html'],
    ['rank', 'a.png', '--copy-best', '/proc/none'],
  ])('%s %s %s %s is refused at once', async (...args) => {
    const { code, stdout, stderr } = await room.run(args)
    expect([code, stdout]).toEqual([2, ''])
    expect(stderr).toContain('ENOENT')
  })

  test('a report that cannot be written after all is an error with a code', async () => {
    const { code, stderr } = await room.run(['score', 'a.png', '--html', '/proc/r.html'])
    expect([code, stderr]).toEqual([1, expect.stringMatching(/could not be written.*\(output_failed\)/s)])
  })
})
