import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gzipSync } from 'node:zlib'
import { afterEach, expect, test, vi } from 'vitest'
import { datasetStatus, mergeDataset, scoreDataset } from '../../../src/dataset.ts'
import { identityOf } from '../../../src/dataset/sources/address.ts'
import { openAddress, openOutput } from '../../../src/dataset/store/open-store.ts'
import { bytesOf, datasetRoom, fakes, ictOf, makeTar, readParquet } from '../dataset-room.ts'
import { startS3 } from '../s3-server.ts'

const room = datasetRoom()
afterEach(() => {
  vi.unstubAllEnvs()
})

test('a bucket that refuses every tenth request and cuts every twentieth connection: every row once', async () => {
  const s3 = await startS3({ refuse: 10, cut: 20 })
  for (const [name, value] of Object.entries(s3.env)) vi.stubEnv(name, value)
  try {
    const place = `s3://bucket/${room.folder.split('/').at(-1)!}`
    const store = openOutput(place)
    for (let s = 0; s < 12; s++) {
      const numbers = Array.from({ length: 10 }, (_, i) => s * 10 + i)
      const files = numbers.flatMap((n) => [
        [`${n}.jpg`, `${'x'.repeat(20_000)} ${n}`],
        [`${n}.txt`, 'a tin'],
      ])
      await store.create(`in/${s}.tar`, await makeTar(Object.fromEntries(files) as Record<string, string>))
    }
    const lines = [120, 121].map((n) => JSON.stringify({ image: `loose/${n}.jpg`, prompt: 'a tin' }))
    for (const n of [120, 121]) await store.create(`in/loose/${n}.jpg`, bytesOf(`picture ${n}`))
    await store.create('in/list.jsonl', bytesOf(lines.join('\n')))
    const out = `${place}/out`
    const run = () => scoreDataset([`${place}/in`], { out, promptFrom: 'row', jobs: 3, ...fakes() })
    const runs = await Promise.all([run(), run()])
    expect(runs.reduce((sum, { rows }) => sum + rows, 0)).toBe(122)
    expect(await datasetStatus({ out, recount: true })).toMatchObject({
      complete: true,
      rows: { done: 122, failed: 0 },
    })
    await mergeDataset({ out, to: room.at('all.parquet') })
    const rows = await readParquet(room.at('all.parquet'))
    expect(rows.map(({ ict }) => ict).sort()).toEqual(
      Array.from({ length: 122 }, (_, n) => ictOf(n, 'a tin')).sort(),
    )
    expect(s3.counts.refused).toBeGreaterThan(10)
    expect(s3.counts.cut).toBeGreaterThan(5)
  } finally {
    await s3.close()
  }
})

/** Files of the web, which cuts each answer that is longer than `most` bytes. */
async function web(files: Readonly<Record<string, Uint8Array>>, most: number): Promise<Server> {
  const server = createServer((req, res) => {
    const bytes = files[new URL(req.url!, 'http://x').pathname]
    if (!bytes) return void res.writeHead(404).end()
    const [, from = '0', to = String(bytes.length - 1)] =
      /bytes=(\d+)-(\d+)?/.exec(req.headers.range ?? '') ?? []
    const part = bytes.subarray(Number(from), Number(to) + 1)
    const headers = { 'content-length': part.length, etag: '"1"', 'accept-ranges': 'bytes' }
    if (req.headers.range)
      res.writeHead(206, { ...headers, 'content-range': `bytes ${from}-${to}/${bytes.length}` })
    else res.writeHead(200, headers)
    if (req.method === 'HEAD') return void res.end()
    if (part.length <= most) return void res.end(part)
    res.write(part.subarray(0, most), () => setImmediate(() => req.socket.destroy()))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return server
}

test('shards of the web are read on from where a connection broke', async () => {
  const files = Object.fromEntries(
    Array.from({ length: 30 }, (_, n) => [`${n}.jpg`, `${'y'.repeat(9_000)} ${n}`]),
  )
  const table = bytesOf([31, 32].map((n) => JSON.stringify({ url: `p/${n}.jpg` })).join('\n'))
  const server = await web(
    { '/a/0.tar': await makeTar(files), '/a/1.jsonl': table, '/a/p/31.jpg': bytesOf('x 31') },
    100_000,
  )
  const host = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  try {
    const { hp } = fakes()
    const summary = await scoreDataset([`${host}/a/0.tar`, `${host}/a/1.jsonl`], { out: room.at('out'), hp })
    expect(summary).toMatchObject({ shards: 2, rows: 32, problems: [] })
    expect(await datasetStatus({ out: room.at('out') })).toMatchObject({ complete: true })
  } finally {
    server.closeAllConnections()
    server.close()
  }
})

test('a name and a password in the address of a source go into a header', async () => {
  const asked = new Set<string | undefined>()
  const line = JSON.stringify({ image: 'data:,1', prompt: 'a tin' })
  const server = createServer((req, res) => {
    asked.add(req.headers.authorization)
    res.writeHead(200, { 'content-length': line.length }).end(req.method === 'HEAD' ? undefined : line)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const source = `http://me:pa55@127.0.0.1:${(server.address() as AddressInfo).port}/a.jsonl`
  try {
    const { hp } = fakes()
    expect(await scoreDataset([source], { out: room.at('out'), hp })).toMatchObject({ rows: 1, problems: [] })
    expect([...asked]).toEqual([`Basic ${btoa('me:pa55')}`])
  } finally {
    server.closeAllConnections()
    server.close()
  }
})

test('a server that knows no ranges gives each shard of a table its own lines', async () => {
  const lines = Array.from({ length: 25 }, (_, n) => JSON.stringify({ image: `data:,${n}`, prompt: 'a tin' }))
  const server = createServer((req, res) => {
    const body = lines.join('\n')
    res.writeHead(200, { 'content-length': body.length }).end(req.method === 'HEAD' ? undefined : body)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  try {
    const source = `http://127.0.0.1:${(server.address() as AddressInfo).port}/list.jsonl`
    const out = room.at('out')
    const done = await scoreDataset([source], { out, promptFrom: 'row', shardSize: 10, ...fakes() })
    expect(done).toMatchObject({ shards: 3, rows: 25, failedRows: 0 })
  } finally {
    server.close()
  }
})

test('other bytes than those that were asked for are not taken for them', async () => {
  const bytes = Buffer.from('0123456789')
  const server = createServer((_, res) => {
    res.writeHead(206, { 'content-length': 4, 'content-range': 'bytes 4-7/10' }).end(bytes.subarray(4, 8))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  try {
    const { store, key } = openAddress(`http://127.0.0.1:${(server.address() as AddressInfo).port}/x.tar`)
    const pieces = store.stream(key, { start: 2, end: 6 })
    const read = async (): Promise<void> => {
      for await (const _ of pieces);
    }
    await expect(read()).rejects.toMatchObject({ code: 'dataset_shard_damaged' })
  } finally {
    server.close()
  }
})

test('a file that is unpacked on its way is refused, not cut off', async () => {
  const body = gzipSync('{"image":"data:,1","prompt":"a tin"}\n'.repeat(50))
  const server = createServer((_, res) => {
    res.writeHead(200, { 'content-length': body.length, 'content-encoding': 'gzip' }).end(body)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  try {
    const source = `http://127.0.0.1:${(server.address() as AddressInfo).port}/list.jsonl`
    await expect(
      scoreDataset([source], { out: room.at('out'), promptFrom: 'row', ...fakes() }),
    ).rejects.toMatchObject({ code: 'dataset_source_invalid', details: { coding: 'gzip' } })
  } finally {
    server.close()
  }
})

test('an address that only GET is allowed for has a size', async () => {
  const server = createServer((req, res) => {
    if (req.method === 'HEAD') res.writeHead(403).end()
    else res.writeHead(206, { 'content-range': 'bytes 0-0/1234', 'content-length': 1 }).end('x')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  try {
    const { store, key } = openAddress(`http://127.0.0.1:${(server.address() as AddressInfo).port}/x.tar`)
    expect(await store.size(key)).toBe(1234)
  } finally {
    server.close()
  }
})

test('a table of the web may not name files of this machine', async () => {
  await room.write('secret.png', 'picture 1')
  const table = bytesOf(
    [room.at('secret.png'), `file://${room.at('secret.png')}`]
      .map((url) => JSON.stringify({ url }))
      .join('\n'),
  )
  const server = await web({ '/a.jsonl': table }, Infinity)
  const host = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  try {
    const { hp, calls } = fakes()
    const summary = await scoreDataset([`${host}/a.jsonl`], { out: room.at('out'), hp })
    expect(summary).toMatchObject({ rows: 2, failedRows: 2 })
    expect(calls.decoded).toEqual([])
  } finally {
    server.closeAllConnections()
    server.close()
  }
})

test('a shard that is signed anew is the shard that it was, under its new address', async () => {
  const bytes = await makeTar({ '1.jpg': 'y 1', '2.jpg': 'y 2' })
  let valid = 'one'
  const asked: string[] = []
  const server = createServer((req, res) => {
    const url = new URL(req.url!, 'http://host')
    asked.push(url.searchParams.get('X-Amz-Signature') ?? '')
    if (asked.at(-1) !== valid) return void res.writeHead(403).end()
    res.writeHead(200, { 'content-length': bytes.length })
    res.end(req.method === 'HEAD' ? undefined : bytes)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = (signature: string): string =>
    `http://127.0.0.1:${(server.address() as AddressInfo).port}/a/0.tar?version=3&X-Amz-Date=${signature}&X-Amz-Signature=${signature}`
  try {
    const { hp } = fakes()
    const out = room.at('out')
    // Planned, but not scored by a task that has no share of it.
    const none = { index: 1, count: 2 }
    expect(await scoreDataset([address('one')], { out, hp, share: none })).toMatchObject({ shards: 0 })
    valid = 'two'
    expect(await scoreDataset([address('two')], { out, hp })).toMatchObject({ shards: 1, scored: 1, rows: 2 })
    valid = 'three'
    expect(await scoreDataset([address('three')], { out, hp })).toMatchObject({ shards: 1, scored: 0 })
    expect(await datasetStatus({ out })).toMatchObject({ complete: true, shards: { total: 1 } })
    expect(asked.filter((signature) => signature === 'one')).toHaveLength(1)
  } finally {
    server.closeAllConnections()
    server.close()
  }
})

test.each([
  ['https://h/a.tar?X-Amz-Signature=1&X-Amz-Expires=2', 'https://h/a.tar'],
  ['https://h/a.tar?part=1&X-Goog-Signature=1&Expires=2&part=2', 'https://h/a.tar?part=1&part=2'],
  ['https://h/a.tar?Expires=1&Signature=x&Key-Pair-Id=K', 'https://h/a.tar'],
  ['https://h/a.tar?sv=2024&se=1&sp=r&sig=x', 'https://h/a.tar'],
  ['https://h/a.tar?sv=2024&se=1', 'https://h/a.tar?sv=2024&se=1'],
  ['https://h/a.tar?id=1&policy_id=2', 'https://h/a.tar?id=1&policy_id=2'],
  ['s3://b/a.tar?Signature=1', 's3://b/a.tar?Signature=1'],
  ['/data/a.tar?Expires=1', '/data/a.tar?Expires=1'],
])('what %s names, whoever signed it', (address, identity) => expect(identityOf(address)).toBe(identity))

test('a store that does not answer is told within seconds, once', async () => {
  const bytes = await makeTar({ '1.jpg': 'y 1' })
  let refused = 0
  const waits: { url: string; reason: string }[] = []
  const server = createServer((req, res) => {
    // Until it was told, and some times more.
    if (waits.length === 0 || refused++ < 1) return void res.writeHead(503).end()
    res.writeHead(200, { 'content-length': bytes.length })
    res.end(req.method === 'HEAD' ? undefined : bytes)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const host = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  try {
    const { hp } = fakes()
    const onWait = (wait: { url: string; reason: string }): void => void waits.push({ ...wait })
    const summary = await scoreDataset([`${host}/0.tar?Signature=x`], { out: room.at('out'), hp, onWait })
    expect(summary).toMatchObject({ rows: 1, problems: [] })
    expect(waits).toEqual([{ url: `${host}/0.tar`, reason: 'it answers 503' }])
  } finally {
    server.closeAllConnections()
    server.close()
  }
})
