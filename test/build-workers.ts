import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { build } from 'tsup'

const root = fileURLToPath(new URL('..', import.meta.url))

/**
 * Bundles the workers for tests, where src/worker-url-node.ts looks for them, and the decoder, for tests that run it in a process
 * of its own. vitest runs it once before all tests.
 */
export default async function buildWorkers(): Promise<void> {
  const entries = ['image/worker-node', 'image/decoder-node', 'backend/ort-worker-node'].filter((entry) =>
    existsSync(`${root}src/${entry}.ts`),
  )
  await build({
    config: false,
    entry: Object.fromEntries(entries.map((entry) => [entry, `${root}src/${entry}.ts`])),
    outDir: `${root}node_modules/.cache/icthp-workers`,
    format: 'esm',
    target: 'node20',
    platform: 'node',
    splitting: false,
    dts: false,
    silent: true,
  })
}
