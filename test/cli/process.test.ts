import { spawnSync } from 'node:child_process'
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { VERSION } from '../../src/base/version.ts'
import { tinyModel } from '../tiny-model.ts'
import { bmp, buildCli, cliPath, icthp } from './built-cli.ts'

let folder: string
/** More images than a run gets through before it is stopped. */
const many = Array.from({ length: 400 }, (_, i) => `${i % 2 ? 'red' : 'blue'}.bmp`)

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'icthp-process-'))
  await writeFile(join(folder, 'red.bmp'), bmp(300, 240, [255, 0, 0]))
  await writeFile(join(folder, 'blue.bmp'), bmp(240, 300, [0, 0, 255]))
  await writeFile(join(folder, 'bad.bmp'), bmp(300, 240, [0, 255, 0]).subarray(0, 1000))
  await buildCli()
  await cp(await tinyModel(), join(folder, 'model'), { recursive: true })
})
afterAll(() => rm(folder, { recursive: true, force: true }))

test('scores with the real runtime, and ends', async () => {
  const args = [
    'score',
    'red.bmp',
    'bad.bmp',
    'blue.bmp',
    '-p',
    'a red square',
    '-m',
    'model',
    '-d',
    'cpu',
    '--json',
  ]
  const { code, stdout, stderr } = await icthp(args, { cwd: folder })
  const score = expect.any(Number)
  expect(JSON.parse(stdout)).toMatchObject({
    results: [
      { image: 'red.bmp', ict: [score], hp: score },
      { image: 'blue.bmp', ict: [score], hp: score },
    ],
    prompts: ['a red square'],
    model: 'model',
    device: 'cpu',
    dtype: 'fp32',
    errors: [{ image: 'bad.bmp', code: 'image_truncated' }],
  })
  expect(stderr).toMatch(/^warning: bad\.bmp: .+ \(image_truncated\)\n$/)
  expect(code).toBe(3)
})

test.each([
  ['SIGINT', 130, 'stopping; Ctrl-C again ends it at once\n'],
  ['SIGTERM', 143, 'stopping\n'],
] as const)('%s stops it cleanly, the lines written so far are whole', async (signal, code, said) => {
  let sent = false
  const args = ['score', ...many, '-m', 'model', '-d', 'cpu', '--batch-size', '1', '--ndjson', '-q']
  const ended = await icthp(args, {
    cwd: folder,
    during: (child) => void (!sent && (sent = child.kill(signal))),
  })
  expect([ended.code, ended.signal, ended.stderr]).toEqual([code, null, said])
  expect(ended.stdout.endsWith('\n')).toBe(true)
  const lines = ended.stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { image: string })
  expect(lines.length).toBeLessThan(many.length)
  expect(lines.map(({ image }) => image)).toEqual(many.slice(0, lines.length))
})

test('a reader that has read enough ends it quietly', async () => {
  const args = ['score', ...many, '-m', 'model', '-d', 'cpu', '--batch-size', '1', '--ndjson', '-q']
  const { code, signal, stderr } = await icthp(args, {
    cwd: folder,
    during: (child) => void child.stdout.destroy(),
  })
  expect([code, signal, stderr]).toEqual([0, null, ''])
})

test('--help and --version load neither sharp nor onnxruntime', async () => {
  const list = join(folder, 'loaded.json')
  await writeFile(
    join(folder, 'list-loaded.cjs'),
    `process.on('exit', () => require('fs').writeFileSync(${JSON.stringify(list)}, JSON.stringify(Object.keys(require('module')._cache))))`,
  )
  const nodeArgs = ['--require', join(folder, 'list-loaded.cjs')]
  const loaded = async (): Promise<string[]> =>
    (JSON.parse(await readFile(list, 'utf8')) as string[]).filter((path) => /sharp|onnxruntime/.test(path))
  expect((await icthp(['inspect', 'red.bmp', '--json'], { cwd: folder, nodeArgs })).code).toBe(0)
  for (const args of [['--help'], ['score', '--help'], ['--version']]) {
    expect(await icthp(args, { cwd: folder, nodeArgs })).toMatchObject({ code: 0, stderr: '' })
    expect(await loaded()).toEqual([])
  }
  expect(await icthp(['--version'], { cwd: folder })).toEqual({
    code: 0,
    signal: null,
    stdout: `${VERSION}\n`,
    stderr: '',
  })
})

/** Runs `icthp` by a shell, for what only a shell does. */
function shell(script: string): { code: number | null; stdout: string; stderr: string } {
  const icthpCommand = `'${process.execPath}' '${cliPath}'`
  const { status, stdout, stderr } = spawnSync(
    'sh',
    ['-c', script.replaceAll('icthp ', `${icthpCommand} `)],
    {
      cwd: folder,
      encoding: 'utf8',
    },
  )
  return { code: status, stdout, stderr }
}
const SCORE = 'score red.bmp gone.bmp blue.bmp -m model -d cpu --ndjson'

describe.skipIf(process.platform !== 'linux')('nothing is lost without a word', () => {
  const images = (stdout: string): unknown =>
    stdout
      .trimEnd()
      .split('\n')
      .map((line) => (JSON.parse(line) as { image: string }).image)

  test('a prompt in another encoding than UTF-8 is no prompt; the sign that stands for such may be meant', () => {
    const prompted = (prompt: string): ReturnType<typeof shell> =>
      shell(`icthp score red.bmp -m model -d cpu --only ict --ndjson --prompt="$(printf '${prompt}')"`)
    const latin1 = prompted('caf\\351')
    expect([latin1.code, latin1.stdout, latin1.stderr]).toEqual([
      2,
      '',
      expect.stringContaining('is not UTF-8. Set the terminal to UTF-8'),
    ])
    const ranked = shell(`icthp rank red.bmp -m model -d cpu -p "$(printf 'caf\\351')"`)
    expect([ranked.code, ranked.stdout]).toEqual([2, ''])
    expect(prompted('caf\\357\\277\\275').code).toBe(0)
  })

  test('where nobody hears stderr, all rows come', async () => {
    const ended = icthp(SCORE.split(' '), {
      cwd: folder,
      start: (child) => void child.stderr.destroy(),
    })
    const { code, stdout } = await ended
    expect([code, images(stdout)]).toEqual([3, ['gone.bmp', 'red.bmp', 'blue.bmp']])
    for (const closed of ['2>/dev/full', '2>&-']) {
      const run = shell(`icthp ${SCORE} ${closed}`)
      expect([run.code, images(run.stdout)]).toEqual([3, ['gone.bmp', 'red.bmp', 'blue.bmp']])
    }
  })

  test.each([
    ['> /dev/full', 'no space is left. Free some, and run it again. (output_no_space)'],
    ['1< /dev/null', '(output_failed)'],
  ])('stdout %s is an error with a code', (to, said) => {
    for (const command of [SCORE, 'inspect red.bmp --json', 'info --json', '--help']) {
      const { code, stderr } = shell(`icthp ${command} ${to}`)
      expect([command, code]).toEqual([command, 1])
      expect(stderr).toContain('error: The results could not be written to stdout')
      expect(stderr).toContain(said)
      expect(stderr).not.toMatch(/^ {4}at /m)
    }
  })

  test('a stdout that is closed from the start is /dev/null to Node: the run goes on, and tells what it always tells', () => {
    for (const to of ['>&-', '> /dev/null']) {
      const { code, stdout, stderr } = shell(`icthp ${SCORE} ${to}`)
      expect([to, code, stdout]).toEqual([to, 3, ''])
      expect(stderr).toMatch(/^warning: .*gone\.bmp/m)
      expect(stderr).not.toMatch(/^ {4}at /m)
    }
  })

  test('a working folder that is gone is an error with a code, and stops nothing that needs none', () => {
    const from = (command: string): string => `mkdir -p gone && cd gone && rmdir ../gone && icthp ${command}`
    expect(shell(from('--version'))).toEqual({ code: 0, stdout: `${VERSION}\n`, stderr: '' })
    const { code, stderr } = shell(from('score red.bmp'))
    expect([code, stderr]).toEqual([1, expect.stringContaining('(input_no_working_folder)')])
    expect(stderr).not.toMatch(/^ {4}at /m)
  })

  test('- is stdin', () => {
    const { code, stdout } = shell('icthp inspect - red.bmp --json < blue.bmp')
    const found = (JSON.parse(stdout) as { file: string; width: number }[]).map(({ file, width }) => [
      file,
      width,
    ])
    expect([code, found]).toEqual([
      0,
      [
        ['-', 240],
        ['red.bmp', 300],
      ],
    ])
    expect(shell('icthp inspect - red.bmp --json < /dev/null')).toMatchObject({
      code: 3,
      stderr: expect.stringMatching(/^warning: -: The image has no bytes\..*\(image_empty\)\n$/),
    })
  })
})

test.skipIf(process.platform !== 'linux')('-q is quiet whatever the graphics drivers say', () => {
  const { code, stderr } = shell('icthp score red.bmp -m model -q --ndjson')
  expect([code, stderr]).toEqual([0, ''])
})
