import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { HpScorer } from '../../../src/node.ts'
import { RemoteBackend } from '../../../src/remote.ts'
import { backendConformance } from '../../../src/testing.ts'
import { DEMO_MODELS, endServers, type ServerProcess } from '../../backend/remote/server-process.ts'
import { buildOwnServer, startOwnServer } from './start-own-server.ts'

const DEMO = fileURLToPath(new URL('../../../models/demo', import.meta.url))
const IMAGES = ['red-apple.jpg', 'teacup.jpg', 'sunset-beach.jpg'].map((name) =>
  fileURLToPath(new URL(`../../../examples/images/${name}`, import.meta.url)),
)

let hosted: ServerProcess
beforeAll(async () => {
  await buildOwnServer()
  hosted = await startOwnServer({ conformance: true })
})
afterAll(endServers)

describe.each(['grpc', 'http'] as const)('RemoteBackend at our own server, %s', (protocol) => {
  const create = (): RemoteBackend => {
    const url = protocol === 'grpc' ? `grpc://127.0.0.1:${hosted.grpcPort}` : hosted.url
    return new RemoteBackend({ url, protocol, retries: 0 })
  }
  for (const { name, run } of backendConformance(create, { hosted: true })) it(name, run)
})

it('splits what its limit refuses', async () => {
  const server = await startOwnServer({ models: DEMO_MODELS, maxBytes: 2 << 20 })
  await using local = await HpScorer.fromPretrained(DEMO, { device: 'cpu' })
  const expected = await local.score(IMAGES)
  for (const protocol of ['auto', 'http'] as const) {
    const backend = new RemoteBackend({ url: server.url, protocol })
    await using hp = await HpScorer.fromPretrained(DEMO, { backend, batchSize: 4 })
    // Three of 588 KiB fit, so four are sent.
    expect(await hp.score([...IMAGES, IMAGES[0]!])).toEqual([...expected, expected[0]])
  }
  await server.end()
})
