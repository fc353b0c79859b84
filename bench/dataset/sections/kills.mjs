import { join } from 'node:path'
import { eachOnce } from '../each-once.mjs'
import { killUntilDone, writeShards } from '../kill.mjs'
import { testServers } from '../test-servers.mjs'
import { within } from '../within.mjs'

const { enqueueDataset } = await import('../../../dist/dataset.js')

/** Whether each row is there once where workers are killed, with leases and with a queue. */
export async function measure({ shards, detail }) {
  const { startRedis } = await testServers()
  const size = 20
  const lines = []
  for (const engine of ['leases on a folder', 'BullMQ on Redis']) {
    detail(engine)
    const isQueue = engine.startsWith('BullMQ')
    const redis = isQueue ? await startRedis() : undefined
    if (isQueue && !redis) {
      lines.push([`${shards} shards, killed workers: ${engine}`, 'no Redis', 'every row once', false])
      continue
    }
    lines.push(
      await within(async (folder) => {
        const [source, out] = [join(folder, 'in'), join(folder, 'out')]
        await writeShards(source, shards, size)
        const started = performance.now()
        if (redis) await enqueueDataset([source], { out, redis: redis.url, kinds: ['hp'] })
        const job = {
          sources: [source],
          out,
          silence: 3000,
          latency: 200,
          ...(redis ? { redis: redis.url } : {}),
        }
        const killed = await killUntilDone(job, { workers: 8, every: 2000 })
        const seconds = (performance.now() - started) / 1000
        const note = `${killed} killed −9 in ${seconds.toFixed(0)} s`
        return eachOnce(
          `${shards} shards, eight workers, one killed every 2 s: ${engine}`,
          out,
          shards * size,
          note,
        )
      }),
    )
    await redis?.stop()
  }
  return lines
}
