import { readdir, readFile, readlink, rename, rm, writeFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { toFloat16 } from '../../../src/convert/graph/graph-builder.ts'
import { datasetStatus, mergeDataset, scoreDataset } from '../../../src/dataset.ts'
import { allRows, datasetRoom, fakes, hpOf, ictOf, readParquet, readParts } from '../dataset-room.ts'

const room = datasetRoom()

/** Shards `0.tar`, `1.tar` … of pictures with a caption each, numbered through. */
async function shards(count: number, size: number, bad: readonly number[] = []): Promise<void> {
  for (let s = 0; s < count; s++) {
    const files: Record<string, string> = {}
    for (let i = s * size; i < (s + 1) * size; i++) {
      files[`${i}.jpg`] = bad.includes(i) ? `bad ${i}` : `picture ${i}`
      files[`${i}.txt`] = 'x'.repeat(1 + (i % 3))
    }
    await room.tar(`in/${s}.tar`, files)
  }
}

const score = (options: Partial<Parameters<typeof scoreDataset>[1]> = {}, ...sources: string[]) =>
  scoreDataset(sources.length > 0 ? sources : ['in'], {
    out: 'out',
    cwd: room.folder,
    promptFrom: 'row',
    ...fakes(),
    ...options,
  })
const status = () => datasetStatus({ out: room.at('out') })

test('one part a shard, one row an image: scores, logits and size, and a code where the image failed', async () => {
  await shards(2, 40, [5, 41])
  expect(await score()).toEqual({ shards: 2, scored: 2, rows: 80, failedRows: 2, problems: [] })
  const parts = await readParts(room.at('out'))
  expect(Object.values(parts).map((rows) => rows.length)).toEqual([40, 40])
  const rows = Object.values(parts).flat()
  expect(rows.map(({ key }) => key)).toEqual(Array.from({ length: 80 }, (_, i) => `${i}.jpg`))
  const failed = rows.filter(({ error }) => error !== null)
  expect(failed.map(({ key, error, hp, ict }) => [key, error, hp, ict])).toEqual([
    ['5.jpg', 'image_unreadable', null, null],
    ['41.jpg', 'image_unreadable', null, null],
  ])
  for (const [i, { index, hp, hpLogit, ict, width, height, error }] of rows.entries()) {
    if (error !== null) continue
    expect({ index, ict, width, height }).toEqual({
      index: i % 40,
      ict: ictOf(i, 'x'.repeat(1 + (i % 3))),
      width: 2,
      height: 2,
    })
    expect(hp).toBeCloseTo(hpOf(i), 6)
    expect(hpLogit).toBeCloseTo(Math.log(hpOf(i) / (1 - hpOf(i))), 5)
  }
  expect(await status()).toMatchObject({
    shards: { total: 2, done: 2, held: 0 },
    rows: { done: 80, failed: 2 },
    problems: [],
    complete: true,
  })
  expect(await readdir(room.at('out', 'leases'))).toEqual([])
  expect(await readdir(room.at('out', '.drafts'))).toEqual([])
})

test('what is done is not done again; a shard that came later is', async () => {
  await shards(2, 4)
  await score()
  const again = fakes()
  expect(await score(again)).toMatchObject({ shards: 2, scored: 0, rows: 0 })
  expect(again.calls.decoded).toEqual([])
  await room.tar('in/9.tar', { '9.jpg': 'picture 9', '9.txt': 'late' })
  expect(await score()).toMatchObject({ shards: 3, scored: 1, rows: 1 })
  expect(await status()).toMatchObject({ complete: true, rows: { done: 9 } })
})

test('retryFailed makes failed rows anew and no others; the part is another generation', async () => {
  await shards(2, 6, [2, 3])
  await score({ embeddings: 'float32' })
  const before = await allRows(room.at('out'))
  const mended = fakes({ unreadable: (image) => new TextDecoder().decode(image as Uint8Array) === 'bad 3' })
  expect(await score({ ...mended, embeddings: 'float32', retryFailed: true })).toEqual({
    shards: 2,
    scored: 1,
    rows: 2,
    failedRows: 1,
    problems: [],
  })
  expect(mended.calls.decoded.map((image) => new TextDecoder().decode(image as Uint8Array))).toEqual([
    'bad 2',
  ])
  const names = Object.keys(await readParts(room.at('out')))
  expect(names.map((name) => name.replace(/-\w{10}/, ''))).toEqual(['0.tar.r1.parquet', '1.tar.parquet'])
  const after = await allRows(room.at('out'))
  expect(after).toHaveLength(12)
  expect(after.map(({ error }) => error)).toEqual(
    Array.from({ length: 12 }, (_, i) => (i === 3 ? 'image_unreadable' : null)),
  )
  expect(after.filter((_, i) => i !== 2 && i !== 3)).toEqual(before.filter((_, i) => i !== 2 && i !== 3))
  expect(await status()).toMatchObject({ complete: true, rows: { done: 12, failed: 1 } })
})

test('loose images are cut into shards; images that came later make new ones', async () => {
  for (let i = 0; i < 5; i++) await room.write(`in/${i % 2}/${i}.png`, `picture ${i}`)
  const options = { promptFrom: undefined, prompt: 'a tin', shardSize: 2 }
  expect(await score(options)).toMatchObject({ shards: 3, rows: 5 })
  await room.write('in/0/9.png', 'picture 9')
  expect(await score(options)).toMatchObject({ shards: 4, scored: 1, rows: 1 })
  const rows = await allRows(room.at('out'))
  expect(rows.map(({ key }) => key).sort()).toEqual([
    '0/0.png',
    '0/2.png',
    '0/4.png',
    '0/9.png',
    '1/1.png',
    '1/3.png',
  ])
  expect(rows.find(({ key }) => key === '0/9.png')).toMatchObject({ ict: ictOf(9, 'a tin') })
})

test('a JSONL file is cut by lines, and each piece read by its bytes', async () => {
  const lines = Array.from({ length: 7 }, (_, i) =>
    JSON.stringify({ path: `p/${i}.png`, prompt: 'né'.repeat(i + 1) }),
  )
  await room.write('list.jsonl', lines.join('\n\n'))
  expect(await score({ shardSize: 3 }, 'list.jsonl')).toMatchObject({ shards: 3, rows: 7 })
  const rows = await allRows(room.at('out'))
  expect(new Set(rows.map(({ key, ict }) => `${String(key)} ${String(ict)}`))).toEqual(
    new Set(lines.map((_, i) => `p/${i}.png ${ictOf(i, 'né'.repeat(i + 1))}`)),
  )
})

test('a damaged shard is told, has no part, and does not stop the others', async () => {
  await shards(3, 4)
  await writeFile(room.at('in', '1.tar'), Buffer.alloc(2048, 1))
  const { problems, ...counts } = await score()
  expect(counts).toEqual({ shards: 3, scored: 2, rows: 8, failedRows: 0 })
  expect(problems).toMatchObject([{ address: room.at('in', '1.tar'), code: 'dataset_shard_damaged' }])
  const { complete, problems: told } = await status()
  expect(complete).toBe(false)
  expect(told).toMatchObject([{ kind: 'part_missing', why: { code: 'dataset_shard_damaged' } }])
  await expect(mergeDataset({ out: room.at('out'), to: room.at('all.parquet') })).rejects.toMatchObject({
    code: 'dataset_part_missing',
  })
})

test('an image without a prompt is that row’s error', async () => {
  await room.tar('in/a.tar', { '1.jpg': 'picture 1', '2.jpg': 'picture 2', '2.txt': 'a tin' })
  expect(await score()).toMatchObject({ rows: 2, failedRows: 1 })
  const [first, second] = await allRows(room.at('out'))
  expect(first).toMatchObject({ key: '1.jpg', error: 'image_no_prompt' })
  expect(second).toMatchObject({ key: '2.jpg', ict: ictOf(2, 'a tin') })
})

test('tasks of an array divide the shards among them', async () => {
  await shards(5, 2)
  for (const index of [2, 0, 1]) await score({ share: { index, count: 3 } })
  expect(await status()).toMatchObject({ complete: true, rows: { done: 10 } })
})

test('several runs at once share the shards: every row once, every image decoded once', async () => {
  await shards(12, 6)
  const workers = Array.from({ length: 4 }, () => fakes({ latency: { run: 2 } }))
  const runs = await Promise.all(workers.map((worker) => score(worker)))
  expect(runs.reduce((sum, { rows }) => sum + rows, 0)).toBe(72)
  expect(workers.flatMap(({ calls }) => calls.decoded)).toHaveLength(72)
  expect(await status()).toMatchObject({ complete: true, rows: { done: 72 } })
})

test('other settings or another model into the same output are refused', async () => {
  await shards(1, 2)
  await score()
  await expect(score({ embeddings: 'float16' })).rejects.toMatchObject({ code: 'dataset_settings_differ' })
  await expect(score({ ict: undefined })).rejects.toThrow(/kinds: \["ict","hp"\], now \["hp"\]/)
  const other = fakes()
  const info = { ...other.hp.info, dtype: 'int8' }
  Object.defineProperty(other.hp, 'info', { value: info })
  await expect(score({ hp: other.hp })).rejects.toMatchObject({ code: 'dataset_settings_differ' })
})

test('a shard that has changed since it was planned is not mixed with what it was', async () => {
  await shards(1, 2)
  await score()
  await room.tar('in/0.tar', { '0.jpg': 'picture 0' })
  await expect(score()).rejects.toMatchObject({ code: 'dataset_source_invalid' })
})

test('embeddings lie in the parts as the scorers give them, in either type', async () => {
  await shards(1, 3)
  await score({ embeddings: 'float32' })
  await score({ embeddings: 'float16', out: 'half' })
  const scorers = fakes()
  const [wanted] = await scorers.hp.embedImages([new TextEncoder().encode('picture 0')])
  const [row] = await allRows(room.at('out'))
  const bytes = row!['hp_embedding'] as Uint8Array
  expect(new Float32Array(bytes.slice().buffer)).toEqual(wanted)
  const [half] = await allRows(room.at('half'))
  expect(new Uint16Array((half!['hp_embedding'] as Uint8Array).slice().buffer)).toEqual(toFloat16(wanted!))
})

test('parts may be NDJSON', async () => {
  await shards(2, 3, [4])
  await score({ format: 'ndjson', embeddings: 'float16' })
  expect(await status()).toMatchObject({ complete: true, rows: { done: 6, failed: 1 } })
  await score({
    format: 'ndjson',
    embeddings: 'float16',
    retryFailed: true,
    ...fakes({ unreadable: () => false }),
  })
  expect(await status()).toMatchObject({ complete: true, rows: { done: 6, failed: 0 } })
  expect(await mergeDataset({ out: room.at('out'), to: room.at('all.parquet') })).toEqual({ rows: 6 })
  expect((await readParquet(room.at('all.parquet'))).map(({ key, ict }) => [key, ict])).toEqual(
    Array.from({ length: 6 }, (_, i) => [`${i}.jpg`, ictOf(i, 'x'.repeat(1 + (i % 3)))]),
  )
})

test('status and merge name parts and rows that are missing, twice or nobody’s', async () => {
  await shards(3, 4)
  await score()
  const [first, second, third] = (await readdir(room.at('out', 'parts'))).sort()
  const part = (name: string): string => room.at('out', 'parts', name)
  await rename(part(second!), part('stray.parquet'))
  await writeFile(part(first!.replace('parquet', 'ndjson')), '')
  const lines = [0, 1, 1, 3].map((index) => JSON.stringify({ index, key: 'x' }))
  await rm(part(third!))
  await writeFile(part(third!.replace('.parquet', '.ndjson')), lines.join('\n'))
  const { problems, complete } = await status()
  expect(complete).toBe(false)
  const id = (name: string): string => name.replace('.parquet', '')
  expect(problems.map(({ kind, shard, rows }) => [kind, shard, ...(rows ? [rows] : [])])).toEqual([
    ['part_twice', id(first!)],
    ['part_unknown', 'parts/stray.parquet'],
    ['part_missing', id(second!)],
    ['rows_missing', id(third!), [2]],
    ['rows_twice', id(third!), [1]],
  ])
  await expect(
    mergeDataset({ out: room.at('out'), to: room.at('all.parquet'), partial: true }),
  ).rejects.toMatchObject({ code: 'dataset_part_twice' })
})

test.each([
  ['is cut off', (bytes: Buffer) => bytes.subarray(0, bytes.length / 2)],
  ['is empty', () => Buffer.alloc(0)],
  ['is that of another shard', (_: Buffer, other: Buffer) => other],
])('status names a part that %s, and counts the others; merge writes nothing', async (_, damage) => {
  await shards(3, 4)
  await score()
  const [first, second] = (await readdir(room.at('out', 'parts')))
    .sort()
    .map((name) => room.at('out', 'parts', name))
  await writeFile(first!, damage(await readFile(first!), await readFile(second!)))
  expect(await status()).toMatchObject({
    complete: false,
    shards: { done: 2 },
    rows: { done: 8 },
    problems: [{ kind: 'part_damaged', why: { code: 'dataset_part_damaged' } }],
  })
  await expect(
    mergeDataset({ out: room.at('out'), to: room.at('all.parquet'), partial: true }),
  ).rejects.toMatchObject({ code: 'dataset_part_damaged' })
  await rm(first!)
  await score()
  expect(await status()).toMatchObject({ complete: true, rows: { done: 12 } })
})

test('status names rows that no image belongs to, and rows without a place', async () => {
  const lines = Array.from({ length: 4 }, (_, n) => JSON.stringify({ image: `data:,${n}`, prompt: 'a tin' }))
  await room.write('list.jsonl', lines.join('\n'))
  await scoreDataset([room.at('list.jsonl')], {
    out: room.at('out'),
    promptFrom: 'row',
    columns: { image: ['image'] },
    format: 'ndjson',
    ...fakes(),
  })
  const [name] = await readdir(room.at('out', 'parts'))
  const part = room.at('out', 'parts', name!)
  const whole = await readFile(part, 'utf8')
  await writeFile(part, `${whole}{"index":4,"key":"x"}\n`)
  expect((await status()).problems).toMatchObject([{ kind: 'rows_unknown', rows: [4] }])
  await writeFile(part, `${whole}{"key":"x"}\n`)
  expect((await status()).problems).toMatchObject([{ kind: 'part_damaged' }])
})

test('a merged file has all rows with their shard, and is not written over', async () => {
  await shards(2, 3)
  await score({ embeddings: 'float16' })
  const merge = () => mergeDataset({ out: room.at('out'), to: room.at('all.parquet') })
  expect(await merge()).toEqual({ rows: 6 })
  expect((await readdir(room.folder)).filter((name) => name.startsWith('.'))).toEqual([])
  const rows = await readParquet(room.at('all.parquet'))
  expect(rows.map(({ shard, key }) => `${String(shard).replace(/-.*/, '')} ${String(key)}`)).toEqual([
    '0.tar 0.jpg',
    '0.tar 1.jpg',
    '0.tar 2.jpg',
    '1.tar 3.jpg',
    '1.tar 4.jpg',
    '1.tar 5.jpg',
  ])
  await expect(merge()).rejects.toMatchObject({ code: 'output_not_ours' })
})

test('a run that is stopped keeps whole parts and lets go of its shards', async () => {
  await shards(4, 8)
  const stop = new AbortController()
  const run = score({ signal: stop.signal, jobs: 1, onShard: () => stop.abort(new Error('enough')) })
  await expect(run).rejects.toThrow('enough')
  expect(await readdir(room.at('out', 'parts'))).toHaveLength(1)
  expect(await readdir(room.at('out', 'leases'))).toEqual([])
  expect(await score()).toMatchObject({ scored: 3 })
})

test('a fault of the towers ends the run; it is no fault of an image', async () => {
  await shards(2, 4)
  await expect(score(fakes({ hp: () => NaN }))).rejects.toMatchObject({ code: 'backend_nan' })
  expect(await status()).toMatchObject({ rows: { done: 0 } })
})

test('a shard that fails leaves no file open', async () => {
  if (process.platform !== 'linux') return
  await room.tar('in/a.tar', { '1.jpg': 'y 1' })
  await room.write('in/a.tar', new Uint8Array(700).fill(7))
  const { hp } = fakes()
  const summary = await scoreDataset([room.at('in')], { out: room.at('out'), hp, format: 'ndjson' })
  expect(summary.problems).toMatchObject([{ code: 'dataset_shard_damaged' }])
  const open = await Promise.all(
    (await readdir('/proc/self/fd')).map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => '')),
  )
  expect(open.filter((path) => path.startsWith(room.at('out')))).toEqual([])
})
