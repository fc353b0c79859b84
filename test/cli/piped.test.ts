import { execFileSync } from 'node:child_process'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeEach, expect, test } from 'vitest'
import { cliRoom, type CliRun, type RunOptions } from './cli-room.ts'

const room = cliRoom()
const utf8 = new TextEncoder()

beforeEach(() =>
  room.write({ 'run/a.png': '10', 'run/b.png': '250', 'run/c.png': '130', 'run/gone.png': 'bad' }),
)

const namesIn = (stdout: string): string[] =>
  stdout.split('\n').flatMap((line) => (line === '' ? [] : [(JSON.parse(line) as { image: string }).image]))

async function* piecesOf(...pieces: (string | Uint8Array)[]): AsyncGenerator<Uint8Array> {
  for (const piece of pieces) yield typeof piece === 'string' ? utf8.encode(piece) : piece
}

/** Runs with a pipe that gives its next piece only once there is a row for each image that it has named. */
async function inTurns(args: readonly string[], pieces: readonly string[]): Promise<CliRun> {
  let rows = 0
  let wake = (): void => {}
  const onWrite: RunOptions['onWrite'] = (stream, text) => {
    if (stream !== 'out') return
    rows += text.split('\n').length - 1
    wake()
  }
  const stdin = (async function* () {
    let asked = 0
    for (const piece of pieces) {
      yield utf8.encode(piece)
      asked += piece.split('\n').length - 1
      while (rows < asked) await new Promise<void>((resolve) => (wake = resolve))
    }
  })()
  return room.run(args, { stdin, onWrite })
}

test('--list - scores a name as its line comes, though the pipe stays open', async () => {
  const pieces = ['run/a.png\n', 'run/gone.png\nrun/b.png\n', 'run/c.png\n']
  const { code, stdout, stderr } = await inTurns(['score', '--list', '-', '--ndjson'], pieces)
  expect(namesIn(stdout)).toEqual(['run/a.png', 'run/gone.png', 'run/b.png', 'run/c.png'])
  expect(stderr).toContain('warning: run/gone.png: ')
  expect(code).toBe(3)
})

test('so do prompts of their own, and arguments come first', async () => {
  await room.write({ 'run/a.txt': 'a fox', 'run/b.txt': 'a (red:1.2) fox', 'run/c.txt': '' })
  const args = ['score', 'run/b.png', '--list', '-', '--prompt-from', 'sidecar', '--ndjson']
  // The first row is that of the argument.
  const { code, stdout, stderr } = await inTurns(args, ['run/a.png\n', 'run/c.png\n'])
  const rows = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { prompt?: string })
  expect(rows.filter(({ prompt }) => prompt)).toMatchObject([
    { image: 'run/b.png', prompt: 'a (red:1.2) fox' },
    { image: 'run/a.png', prompt: 'a fox' },
  ])
  expect(stderr).toContain('1 prompt holds weights')
  expect(stderr).toContain('image_no_prompt')
  expect(code).toBe(3)
})

test('a list that is a named pipe is read as it comes, too', async () => {
  if (process.platform === 'win32') return
  const pipe = join(room.folder, 'names')
  execFileSync('mkfifo', [pipe])
  const writer = await open(pipe, 'r+')
  await writer.write('run/a.png\n')
  const stop = new AbortController()
  const rows: string[] = []
  const running = room.run(['score', '--list', 'names', '--ndjson', '-q'], {
    signal: stop.signal,
    onWrite: (stream, text) => {
      if (stream !== 'out') return
      rows.push(text)
      if (rows.length === 1) void writer.write('run/b.png\n')
      else stop.abort(new Error('read enough'))
    },
  })
  await running
  await writer.close()
  expect(rows.flatMap(namesIn)).toEqual(['run/a.png', 'run/b.png'])
})

test.each<[pieces: (string | Uint8Array)[], names: string[]]>([
  [
    ['run/b.p', 'ng\r\n\r\nrun/a.png'],
    ['run/b.png', 'run/a.png'],
  ],
  [
    ['\ufeffrun/b.png\n', 'run/a.png'],
    ['run/b.png', 'run/a.png'],
  ],
  [[Uint8Array.of(0xef), Uint8Array.of(0xbb, 0xbf), 'run/b.png'], ['run/b.png']],
  [[new Uint8Array(Buffer.from('\ufeffrun/b.png\r\nrun/a.png', 'utf16le'))], ['run/b.png', 'run/a.png']],
])('lines are cut wherever the pipe is: %j', async (pieces, names) => {
  const { stdout } = await room.run(['score', '--list', '-', '--ndjson', '-q'], {
    stdin: piecesOf(...pieces),
  })
  expect(namesIn(stdout)).toEqual(names)
})

test('a line that is not UTF-8 ends it with its place, after the rows before it', async () => {
  const stdin = piecesOf('run/a.png\n', Uint8Array.of(0x62, 0xe9, 0x0a), 'run/b.png\n')
  const { code, stdout, stderr } = await room.run(['score', '--list', '-', '--ndjson', '-q'], { stdin })
  expect(namesIn(stdout)).toEqual(['run/a.png'])
  expect(stderr).toContain(
    'stdin cannot be read as text: it is not UTF-8 (line 2, byte 11). Save it as UTF-8.',
  )
  expect(code).toBe(2)
})

test.each<[args: string[], stdin: string, message: string]>([
  [['score', '--list', '-'], '\n \n', 'stdin names no images. Write one a line.'],
  [['score', '--list', '-', 'none.png'], '\n', 'stdin names no images. Write one a line.'],
  [['score', '--list', '-', '-'], 'run/a.png', 'stdin is either the image - or the --list -, not both.'],
  [
    ['score', '--list', '-', '--prompts-file', '-'],
    'run/a.png',
    'stdin is either the --list - or the --prompts-file -, not both.',
  ],
  [['score', '--pairs', '-'], 'image;prompt\na;b\n', 'it is not known what it is.'],
  [['score', '--pairs', '-'], '', 'it is not known what it is.'],
  [['score', 'run', '--prompts-file', '-'], '\n', 'stdin holds no prompts. Write one a line.'],
])('%j of %j is wrong usage', async (args, text, message) => {
  const { code, stderr } = await room.run(args, { stdin: piecesOf(text) })
  expect(stderr).toContain(message)
  expect(code).toBe(2)
})

test.each<[args: string[], message: string]>([
  [['score', '--pairs', '-'], '--pairs - reads a table from stdin, but stdin is a terminal. Pipe some in.'],
  [
    ['score', 'run', '--prompts-file', '-'],
    '--prompts-file - reads prompts from stdin, but stdin is a terminal.',
  ],
])('%j of a terminal is wrong usage, told before anything is loaded', async (args, message) => {
  const { code, stderr } = await room.run(args)
  expect(stderr).toContain(message)
  expect(code).toBe(2)
  expect(room.log).toEqual([])
})

test.each([
  'image,prompt\nrun/a.png,a fox\nrun/b.png,"a red\nfox"\n',
  '\ufeffimage\tprompt\r\nrun/a.png\ta fox\r\nrun/b.png\t"a red\nfox"\r\n',
  '{"image": "run/a.png", "prompt": "a fox"}\n{"image": "run/b.png", "prompt": "a red\\nfox"}\n',
])('--pairs - knows a table by how it begins, with paths from the working folder: %j', async (table) => {
  const run = await room.run(['score', '--pairs', '-', '--ndjson'], { stdin: piecesOf(table) })
  expect(
    run.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line)),
  ).toEqual([
    expect.objectContaining({ image: 'run/a.png', prompt: 'a fox' }),
    expect.objectContaining({ image: 'run/b.png', prompt: 'a red\nfox' }),
  ])
  expect(run.stderr).toContain('note: 2 pairs in stdin: images in image, prompts in prompt\n')
  expect(run.code).toBe(0)
})

test('--prompts-file - reads prompts', async () => {
  const stdin = piecesOf('a fox\n', 'a red fox')
  const { stdout } = await room.run(['score', 'run/a.png', '--prompts-file', '-', '--json', '-q'], { stdin })
  expect(JSON.parse(stdout)).toMatchObject({ prompts: ['a fox', 'a red fox'] })
})
