import { eachOnce } from '../each-once.mjs'
import { killUntilDone, shardOf } from '../kill.mjs'
import { testServers } from '../test-servers.mjs'

/** Whether each row is there once where the store fails. */
export async function measure({ shards, detail }) {
  const { startS3 } = await testServers()
  const size = 20
  const count = Math.ceil(shards / 5)
  const s3 = await startS3({ refuse: 10, cut: 20 })
  Object.assign(process.env, s3.env)
  try {
    const { AwsClient } = await import('aws4fetch')
    const client = new AwsClient({
      accessKeyId: 'S3RVER',
      secretAccessKey: 'S3RVER',
      service: 's3',
      region: 'us-east-1',
    })
    for (let s = 0; s < count; s++) {
      const body = await shardOf(s, size)
      for (let status = 0; status !== 200;) {
        const address = `${s3.env.AWS_ENDPOINT_URL}/bucket/in/${s}.tar`
        status = await client.fetch(address, { method: 'PUT', body }).then(
          (answer) => answer.status,
          () => 0,
        )
      }
    }
    detail('scoring')
    const started = performance.now()
    const job = { sources: ['s3://bucket/in'], out: 's3://bucket/out', silence: 20_000, latency: 0 }
    await killUntilDone(job, { workers: 4, every: 1_000_000, env: s3.env })
    const seconds = (performance.now() - started) / 1000
    const { requests, refused, cut } = s3.counts
    const note = `${requests} requests, ${refused} × 503, ${cut} cut, four workers, ${seconds.toFixed(0)} s`
    return [
      await eachOnce(
        'a store that answers 503 to every tenth request and cuts every twentieth connection',
        's3://bucket/out',
        count * size,
        note,
      ),
    ]
  } finally {
    await s3.close()
  }
}
