import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, test, vi } from 'vitest'
import { datasetStatus, mergeDataset, scoreDataset } from '../../../src/dataset.ts'
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
