import { afterAll, beforeAll, expect, test } from 'vitest'
import { datasetStatus, datasetWorker, enqueueDataset, queueCounts } from '../../../src/dataset.ts'
import { allRows, datasetRoom, fakes } from '../dataset-room.ts'
import { type RedisServer, startRedis } from './redis.ts'

const room = datasetRoom()
let redis: RedisServer | undefined
beforeAll(async () => {
  redis = await startRedis()
})
afterAll(() => redis?.stop())

async function shards(count: number, bad: readonly number[] = []): Promise<void> {
  for (let s = 0; s < count; s++) {
    const numbers = [0, 1, 2, 3].map((i) => s * 4 + i)
    const files = numbers.map((n) => [`${n}.jpg`, `${bad.includes(n) ? 'bad' : 'picture'} ${n}`])
    await room.tar(
      `in/${String(s).padStart(2, '0')}.tar`,
      Object.fromEntries(files) as Record<string, string>,
    )
  }
}
const place = () => ({ out: room.at('out'), redis: redis!.url })
const enqueue = (retryFailed = false) =>
  enqueueDataset([room.at('in')], { ...place(), kinds: ['hp'], retryFailed })
const work = (options: Partial<Parameters<typeof datasetWorker>[0]> = {}) =>
  datasetWorker({ ...place(), hp: fakes().hp, untilDone: true, ...options })

test('workers take the shards of a queue, each once; what is done is not enqueued again', async ({
  skip,
}) => {
  skip(!redis, 'no Redis')
  await shards(10)
  expect(await enqueue()).toMatchObject({ shards: 10, enqueued: 10 })
  expect(await enqueue()).toMatchObject({ shards: 10, enqueued: 10 })
  expect(await queueCounts(place())).toMatchObject({ waiting: 10, active: 0, failed: 0 })
  const rows = await Promise.all([work(), work(), work()])
  expect(rows.reduce((sum, each) => sum + each.rows, 0)).toBe(40)
  expect(await datasetStatus(place())).toMatchObject({ complete: true, rows: { done: 40 } })
  expect(await queueCounts(place())).toMatchObject({ waiting: 0, active: 0, failed: 0 })
  expect(await enqueue()).toMatchObject({ shards: 10, enqueued: 0 })
})

test('failed rows are enqueued to be made anew', async ({ skip }) => {
  skip(!redis, 'no Redis')
  await shards(3, [5])
  await enqueue()
  await work()
  expect(await enqueue(true)).toMatchObject({ enqueued: 1 })
  expect(await work({ hp: fakes({ unreadable: () => false }).hp })).toEqual({ rows: 1 })
  expect((await allRows(room.at('out'))).filter(({ error }) => error !== null)).toEqual([])
})

test('a damaged shard fails, and is enqueued again once it is whole', async ({ skip }) => {
  skip(!redis, 'no Redis')
  await shards(2)
  const { size } = await import('node:fs/promises').then(({ stat }) => stat(room.at('in', '00.tar')))
  const { readFile } = await import('node:fs/promises')
  const whole = await readFile(room.at('in', '00.tar'))
  await room.write('in/00.tar', Buffer.alloc(size, 9))
  await enqueue()
  await work()
  expect(await queueCounts(place())).toMatchObject({ failed: 1 })
  await room.write('in/00.tar', whole)
  expect(await enqueue()).toMatchObject({ enqueued: 1 })
  await work()
  expect(await datasetStatus(place())).toMatchObject({ complete: true })
})

test('a batch that takes far longer than the lock does not lose its shard', async ({ skip }) => {
  skip(!redis, 'no Redis')
  await shards(1)
  await enqueue()
  const slow = fakes({ latency: { run: 3000 } })
  const quick = fakes()
  const both = await Promise.all([work({ hp: slow.hp, lock: 1000 }), work({ hp: quick.hp, lock: 1000 })])
  expect(both.map(({ rows }) => rows).sort()).toEqual([0, 4])
})

test('a worker that is stopped leaves its shard to another at once', async ({ skip }) => {
  skip(!redis, 'no Redis')
  await shards(2)
  await enqueue()
  const stop = new AbortController()
  const stuck = fakes({ latency: { decode: 60_000 } })
  const stopped = work({ hp: stuck.hp, signal: stop.signal, lock: 1000 })
  setTimeout(() => stop.abort(new Error('enough')), 500)
  await expect(stopped).rejects.toThrow('enough')
  await work({ lock: 1000 })
  expect(await datasetStatus(place())).toMatchObject({ complete: true, rows: { done: 8 } })
})

test('a Redis that is not there is told with its address', async () => {
  await shards(1)
  await expect(
    enqueueDataset([room.at('in')], {
      out: room.at('out'),
      kinds: ['hp'],
      redis: 'redis://me:secret@127.0.0.1:9',
    }),
  ).rejects.toMatchObject({ code: 'dataset_store_failed', details: { url: 'redis://127.0.0.1:9' } })
})
