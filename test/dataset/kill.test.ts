import { cpus } from 'node:os'
import { expect, test } from 'vitest'
import { killUntilDone, writeShards } from '../../bench/dataset/kill.mjs'
import { datasetStatus, enqueueDataset } from '../../src/dataset.ts'
import { allRows, datasetRoom } from './dataset-room.ts'
import { startRedis } from './queue/redis.ts'

const room = datasetRoom()
// Processes start slowly on a machine that is busy, and one that is killed before it has begun has done nothing.
const WORKERS = Math.min(4, cpus().length + 1)
const EVERY = 2000
const [SHARDS, SIZE] = [40, 10]

async function expectEachOnce(): Promise<void> {
  const status = await datasetStatus({ out: room.at('out'), recount: true })
  expect(status).toMatchObject({ complete: true, rows: { done: SHARDS * SIZE, failed: 0 } })
  const keys = (await allRows(room.at('out'))).map(({ key }) => String(key))
  expect(keys.sort()).toEqual(Array.from({ length: SHARDS * SIZE }, (_, n) => `${n}.jpg`).sort())
}

test('workers on a folder, one killed after the other: every row once', { timeout: 180_000 }, async () => {
  await writeShards(room.at('in'), SHARDS, SIZE)
  const job = { sources: [room.at('in')], out: room.at('out'), silence: 2000, latency: 200 }
  expect(await killUntilDone(job, { workers: WORKERS, every: EVERY })).toBeGreaterThan(0)
  await expectEachOnce()
})

test(
  'workers of a queue, one killed after the other: every row once',
  { timeout: 180_000 },
  async ({ skip }) => {
    const redis = await startRedis()
    skip(!redis, 'no Redis')
    try {
      await writeShards(room.at('in'), SHARDS, SIZE)
      const place = { out: room.at('out'), redis: redis!.url }
      await enqueueDataset([room.at('in')], { ...place, kinds: ['hp'] })
      const job = { ...place, silence: 2000, latency: 200 }
      expect(await killUntilDone(job, { workers: WORKERS, every: EVERY })).toBeGreaterThan(0)
      await expectEachOnce()
    } finally {
      await redis!.stop()
    }
  },
)
