import { join } from 'node:path'
import { build } from 'tsup'
import { root } from '../build.mjs'

/** The servers of the tests, which are TypeScript. */
export async function testServers() {
  const outDir = join(root, 'node_modules/.cache/icthp-bench-dataset')
  const entry = {
    s3: join(root, 'test/dataset/s3-server.ts'),
    redis: join(root, 'test/dataset/queue/redis.ts'),
  }
  await build({
    config: false,
    entry,
    outDir,
    format: 'esm',
    target: 'node20',
    platform: 'node',
    dts: false,
    external: [/^[@a-z]/],
    silent: true,
  })
  return { ...(await import(join(outDir, 's3.js'))), ...(await import(join(outDir, 'redis.js'))) }
}
