import { expect, test } from 'vitest'
import { BackendError } from '../../src/base/errors.ts'
import { VERSION } from '../../src/base/version.ts'
import { Stopped } from '../../src/cli/exit-codes.ts'
import { cliRoom } from './cli-room.ts'

const room = cliRoom()
const HINT = 'Run `icthp score --help` for what it takes.\n'

test('--version', async () => {
  expect(await room.run(['--version'])).toEqual({ code: 0, stdout: `${VERSION}\n`, stderr: '' })
})

test('without a command the help is shown as an error', async () => {
  const { code, stdout, stderr } = await room.run([])
  expect([code, stdout]).toEqual([2, ''])
  expect(stderr).toContain('Usage: icthp [options] [command]')
})

test('--help of the whole lists the commands and exit codes', async () => {
  const { code, stdout, stderr } = await room.run(['--help'])
  expect([code, stderr]).toEqual([0, ''])
  for (const text of ['score', 'rank', 'convert', 'pull', 'inspect', 'info', 'Exit codes: 0 done'])
    expect(stdout).toContain(text)
})

test.each([
  'score',
  'rank',
  'convert',
  'pull',
  'inspect',
  'info',
  'serve',
  'export',
  'verify',
  'dataset score',
  'dataset status',
])('%s --help has examples and tells its options', async (command) => {
  const { code, stdout } = await room.run([...command.split(' '), '--help'])
  expect(code).toBe(0)
  expect(stdout).toContain(`\nExamples:\n  icthp ${command}`)
  expect(stdout).toContain('--quiet')
  expect(await room.run(['help', ...command.split(' ')])).toEqual({ code: 0, stdout, stderr: '' })
})

test.each([
  [['frob'], "error: unknown command 'frob'\n", 'Run `icthp --help` for the commands.\n'],
  [['help', 'frob'], "error: unknown command 'frob'\n", 'Run `icthp --help` for the commands.\n'],
  [['help', 'dataset', 'frob'], "error: unknown command 'frob'\n", 'Run `icthp --help` for the commands.\n'],
  [['score'], 'error: There is no image. Name some, a --list of them, or a table of --pairs.\n', HINT],
  [['score', 'a.png', '--frob'], "error: unknown option '--frob'\n", HINT],
  [
    ['score', 'a.png', '--json', '--csv'],
    "error: option '--json' cannot be used with option '--csv'\n",
    HINT,
  ],
  [
    ['score', 'a.png', '--ndjson', '--json'],
    "error: option '--json' cannot be used with option '--ndjson'\n",
    HINT,
  ],
  [
    ['score', 'a.png', '--batch-size', '1.5'],
    "error: option '--batch-size <n>' argument '1.5' is invalid. It must be a whole number from 1.\n",
    HINT,
  ],
  [
    ['score', 'a.png', '--min-hp', 'x'],
    "error: option '--min-hp <score>' argument 'x' is invalid. It must be a number.\n",
    HINT,
  ],
  [
    ['score', 'a.png', '--device', 'abacus'],
    "error: option '-d, --device <name>' argument 'abacus' is invalid. " +
      'Allowed choices are auto, cpu, cuda, tensorrt, webgpu, coreml, dml.\n',
    HINT,
  ],
  [
    ['score', 'a.png', '--only', 'ict'],
    'error: --only ict needs a prompt: ICT says how much of it an image shows. Add --prompt TEXT.\n',
    HINT,
  ],
  [['score', 'a.png', '--min-ict', '0.7'], 'error: --min-ict needs ICT scores: add --prompt TEXT.\n', HINT],
  [
    ['score', 'a.png', '-p', 'x', '--only', 'ict', '--min-hp', '0.7'],
    'error: --min-hp needs HP scores: leave out --only ict.\n',
    HINT,
  ],
  [['score', 'nowhere.png'], 'error: There is no image nowhere.png. Check the path.\n', HINT],
  [
    ['score', 'a.png', '--prompts-file', 'no.txt'],
    'error: The prompts file no.txt cannot be read: it is not there.\n',
    HINT,
  ],
  [
    ['score', 'a.png', '--prompts-file', 'empty.txt'],
    'error: The prompts file empty.txt holds no prompts. Write one a line.\n',
    HINT,
  ],
])('%j is wrong usage', async (args, message, hint) => {
  await room.write({ 'a.png': '200', 'empty.txt': '\n \n' })
  expect(await room.run(args)).toEqual({ code: 2, stdout: '', stderr: message + hint })
  expect(room.log).toEqual([])
})

test('a missing model is exit code 1, with the message and no stack', async () => {
  await room.write({ 'a.png': '200' })
  const { code, stdout, stderr } = await room.run(['score', 'a.png', '-m', 'empty', '-q', '--json'])
  expect([code, stdout]).toEqual([1, ''])
  expect(stderr).toMatch(/^error: empty holds no HP model: .*\(model_not_found\)\n$/)
  expect(room.log).toEqual(['dispose decoder', 'dispose backend'])
})

test('a device that is not there is exit code 1', async () => {
  await room.write({ 'a.png': '200' })
  const { code, stderr } = await room.run(['score', 'a.png', '--device', 'cuda', '-q'])
  expect([code, stderr]).toEqual([1, 'error: The device cuda cannot be used here. (device_unavailable)\n'])
})

test('the stack is shown when asked for, with its causes', async () => {
  await room.write({ 'a.png': '200' })
  room.services.backend = async () => {
    throw new BackendError('backend_failed', 'It broke.', { cause: new Error('the root') })
  }
  const plain = await room.run(['score', 'a.png', '-q'])
  expect([plain.code, plain.stderr]).toEqual([1, 'error: It broke. (backend_failed)\n'])
  for (const verbose of [
    await room.run(['score', 'a.png', '-q', '--verbose']),
    await room.run(['score', 'a.png', '-q'], { env: { ICTHP_DEBUG: '1' } }),
  ]) {
    expect(verbose.stderr).toMatch(
      /^error: It broke\. \(backend_failed\)\nBackendError: It broke\.\n +at .*\nCaused by: Error: the root\n +at /s,
    )
  }
})

test('an error that nobody foresaw says how to see more', async () => {
  await room.write({ 'a.png': '200' })
  room.services.backend = async () => {
    throw new TypeError('oops')
  }
  expect(await room.run(['score', 'a.png', '-q'])).toEqual({
    code: 1,
    stdout: '',
    stderr: 'error: oops\nFor the place in the code that this comes from, add --verbose.\n',
  })
})

test.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
  ['EPIPE', 0],
] as const)('%s stops between images, frees everything, and ends with %i', async (signal, code) => {
  const names = Array.from({ length: 50 }, (_, i) => `${i}.png`)
  await room.write(Object.fromEntries(names.map((name, i) => [name, String(i)])))
  const stop = new AbortController()
  const result = await room.run(['score', '.', '--batch-size', '2', '--ndjson', '-q'], {
    signal: stop.signal,
    onWrite: (stream, text) =>
      void (stream === 'out' && text.includes('"5.png"') && stop.abort(new Stopped(signal))),
  })
  expect([result.code, result.stderr]).toEqual([code, ''])
  const lines = result.stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { image: string })
  expect(lines.map(({ image }) => image)).toEqual(names.slice(0, lines.length))
  expect(lines.length).toBeGreaterThanOrEqual(6)
  expect(lines.length).toBeLessThan(12)
  expect(room.log.slice(-3)).toEqual(['dispose fake/hp vision (fp32)', 'dispose decoder', 'dispose backend'])
})

test('a run that is stopped with --json prints no half document', async () => {
  await room.write({ 'a.png': '1', 'b.png': '2' })
  const stop = new AbortController()
  stop.abort(new Stopped('SIGINT'))
  expect(await room.run(['score', '.', '--json', '-q'], { signal: stop.signal })).toEqual({
    code: 130,
    stdout: '',
    stderr: '',
  })
})
