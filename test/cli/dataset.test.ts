import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { packTar } from 'modern-tar'
import { expect, test } from 'vitest'
import { Stopped } from '../../src/cli/exit-codes.ts'
import { createNodeDecoder } from '../../src/image/decoder-node.ts'
import { cliRoom, hpOf } from './cli-room.ts'

const room = cliRoom()

async function tar(name: string, files: Readonly<Record<string, string>>): Promise<void> {
  const entries = Object.entries(files).map(([path, text]) => ({
    header: { name: path, size: text.length, mtime: new Date(0) },
    body: text,
  }))
  await writeFile(join(room.folder, name), await packTar(entries))
  // The fake decoder reads files and Blobs; bytes of a tar are neither.
  const { decoder } = room.services
  room.services.decoder = async (options) => {
    const real = await decoder(options)
    return {
      ...real,
      crop: (image, spec, given) =>
        real.crop(image instanceof Uint8Array ? new Blob([image.slice()]) : image, spec, given),
    }
  }
}

test('score, status and merge: what was scored, what failed, and one file of it', async () => {
  await tar('a.tar', {
    '1.png': '10',
    '1.txt': 'a tin',
    '2.png': 'broken',
    '2.txt': 'a drum',
    '3.png': '30',
    '3.json': '{"caption":"x"}',
  })
  const scored = await room.run(['dataset', 'score', 'a.tar', '--out', 'out'])
  expect(scored.code).toBe(3)
  expect(scored.stdout).toBe('1 of 1 shard done in out\n1 by this run: 3 images, 1 of them failed\n')
  const status = await room.run(['dataset', 'status', '--out', 'out'])
  expect([status.code, status.stdout]).toEqual([
    0,
    '1 of 1 shard done\n3 rows, 1 of images that failed\nno shard and no row is missing or twice\n',
  ])
  const merged = await room.run(['dataset', 'merge', '--out', 'out', '--to', 'all.ndjson'])
  expect([merged.code, merged.stdout]).toEqual([0, '3 rows in all.ndjson\n'])
  const again = await room.run(['dataset', 'score', 'a.tar', '--out', 'out', '--json'])
  expect(again.code).toBe(0)
  expect(JSON.parse(again.stdout)).toEqual({ shards: 1, scored: 0, rows: 0, failedRows: 0, problems: [] })
})

test('scores are those of `icthp score`', async () => {
  await room.write({ 'p/1.png': '10', 'p/2.png': '200' })
  const prompt = 'a small tin drum'
  await room.run(['dataset', 'score', 'p', '--out', 'out', '-p', prompt, '--format', 'ndjson'])
  const [part] = await readdir(join(room.folder, 'out', 'parts'))
  const { readFile } = await import('node:fs/promises')
  const lines = (await readFile(join(room.folder, 'out', 'parts', part!), 'utf8')).trim().split('\n')
  const rows = lines.map((line) => JSON.parse(line) as Record<string, number>)
  const plain = await room.run(['score', 'p', '-p', prompt, '--json'])
  const { results } = JSON.parse(plain.stdout) as { results: { ict: number[]; hp: number }[] }
  expect(rows.map(({ ict, hp }) => [ict, hp])).toEqual(results.map(({ ict, hp }) => [ict[0], hp]))
  expect(rows[1]!['hp']).toBeCloseTo(hpOf(200), 6)
})

test('a folder without a prompt is scored by HP alone, and a note says so', async () => {
  await room.write({ 'p/1.png': '10' })
  const { stderr, code } = await room.run(['dataset', 'score', 'p', '--out', 'out'])
  expect(code).toBe(0)
  expect(stderr).toContain('note: no prompt, so HP alone is scored\n')
})

test('a shard of an array job is one of its tasks', async () => {
  await room.write({ 'p/1.png': '10', 'p/2.png': '20', 'p/3.png': '30' })
  const args = ['dataset', 'score', 'p', '--out', 'out', '--shard-size', '1', '--shard', 'auto']
  const run = (task: string) =>
    room.run(args, {
      env: { SLURM_ARRAY_TASK_ID: task, SLURM_ARRAY_TASK_COUNT: '2', SLURM_ARRAY_TASK_MIN: '0' },
    })
  expect((await run('1')).stdout).toContain('1 of 1 shard done')
  const half = await room.run(['dataset', 'status', '--out', 'out', '--json'])
  expect(half.code).toBe(3)
  expect(JSON.parse(half.stdout)).toMatchObject({ shards: { total: 3, done: 1 }, complete: false })
  expect((await run('0')).stdout).toContain('2 of 2 shards done')
  expect((await room.run(['dataset', 'status', '--out', 'out'])).code).toBe(0)
  expect((await room.run(args)).code).toBe(2)
})

test.each([
  [['dataset', 'score', 'p'], /required option '-o, --out <dir>'/],
  [['dataset', 'score', 'none', '--out', 'out'], /"none" cannot be scored/],
  [['dataset', 'score', 'p', '--out', 'out', '--columns', 'picture=x'], /image=NAME/],
  [['dataset', 'score', 'p', '--out', '--json'], /its value is missing/],
  [['dataset', 'status', '--out', 'nothing'], /holds no plan/],
  [['dataset', 'worker', '--out', 'out'], /--redis/],
])('%j is refused', async (args, why) => {
  await room.write({ 'p/1.png': '10' })
  const { code, stderr } = await room.run(args)
  expect(code).toBeGreaterThan(0)
  expect(stderr).toMatch(why)
})

test.skipIf(process.platform !== 'linux')('a file whose name is not UTF-8 is not left out', async () => {
  room.services.decoder = async () => createNodeDecoder({ threads: 0 })
  await room.write({ 'p/1.png': '10' })
  await writeFile(Buffer.from(`${room.folder}/p/c\xe9.png`, 'latin1'), '20')
  const { code, stdout } = await room.run(['dataset', 'score', 'p', '--out', 'out', '--only', 'hp'])
  // A text is no picture; that of a name that cannot be written is a row all the same.
  expect([code, stdout]).toEqual([3, expect.stringContaining('2 images, 2 of them failed')])
  await mkdir(Buffer.from(`${room.folder}/p/d\xe9`, 'latin1'))
  const folder = await room.run(['dataset', 'score', 'p', '--out', 'other', '--only', 'hp'])
  expect([folder.code, folder.stderr]).toEqual([1, expect.stringContaining('d\ufffd')])
})

test('a run that is stopped says how it goes on', async () => {
  await room.write({ 'p/1.png': '10', 'p/2.png': '20' })
  const stop = new AbortController()
  const args = ['dataset', 'score', 'p', '--out', 'out', '--only', 'hp', '--shard-size', '1', '--jobs', '1']
  room.services.backend = async () => {
    stop.abort(new Stopped('SIGINT'))
    throw stop.signal.reason
  }
  const { code, stderr } = await room.run(args, { signal: stop.signal })
  expect([code, stderr]).toEqual([
    130,
    'note: shards that are done are kept; the same command scores the others\n',
  ])
})

test('help of a command under dataset is pointed to by its whole name', async () => {
  const { stderr } = await room.run(['dataset', 'score', 'p'])
  expect(stderr).toContain('icthp dataset score --help')
})
