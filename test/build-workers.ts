import { fileURLToPath } from 'node:url'
import { build } from 'tsup'

const root = fileURLToPath(new URL('..', import.meta.url))

/**
 * Bundles the workers for tests, where src/worker/worker-url-node.ts looks for them, and the decoder and conversion, for tests that run
 * them in a process of their own. vitest runs it once before all tests.
 */
export default async function buildWorkers(): Promise<void> {
  await build({
    config: false,
    entry: {
      'image/worker-node': `${root}src/image/pool/worker-node.ts`,
      'decoder-node': `${root}src/image/decoder-node.ts`,
      'ort-backend-node': `${root}src/backend/ort-node/ort-backend-node.ts`,
      'backend/ort-worker-node': `${root}src/backend/ort-node/ort-handler-node.ts`,
      'convert/digest-worker-node': `${root}src/convert/write/digest-worker-node.ts`,
      'evaluation/measure-worker-node': `${root}src/evaluation/measure-worker-node.ts`,
      convert: `${root}src/convert/index.ts`,
    },
    outDir: `${root}node_modules/.cache/icthp-workers`,
    format: 'esm',
    target: 'node20',
    platform: 'node',
    // What is shared lies at the root, as in dist/: from there the workers are found.
    splitting: true,
    dts: false,
    silent: true,
  })
}
