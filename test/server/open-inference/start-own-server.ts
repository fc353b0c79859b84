import { fileURLToPath } from 'node:url'
import { build } from 'tsup'
import { type ServerProcess, startServer } from '../../backend/remote/server-process.ts'

const root = fileURLToPath(new URL('../../../', import.meta.url))
const outDir = `${root}node_modules/.cache/icthp-own-server`

/** Bundles the server, for tests that run it in a process of its own. */
export async function buildOwnServer(): Promise<void> {
  await build({
    config: false,
    entry: {
      'own-server': `${root}test/server/open-inference/own-server.ts`,
      'backend/ort-worker-node': `${root}src/backend/ort-node/ort-handler-node.ts`,
    },
    outDir,
    format: 'esm',
    target: 'node20',
    platform: 'node',
    splitting: true,
    dts: false,
    silent: true,
  })
}

export const startOwnServer = (argument: unknown): Promise<ServerProcess> =>
  startServer(`${outDir}/own-server.js`, argument)
