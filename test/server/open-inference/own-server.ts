/**
 * A process that serves towers by icthp's own routes and its gRPC server. Its argument is JSON: `{ models }`, paths of
 * graphs by name, or `{ conformance: true }` for the graphs of the conformance suite; it prints its ports.
 */
import { mkdtempSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { serve } from '@hono/node-server'
import { modelOfFiles } from '../../../src/backend/model-of-files.ts'
import { OrtNodeBackend } from '../../../src/backend/ort-node/ort-backend-node.ts'
import { serveGrpc } from '../../../src/server/open-inference/grpc-server-node.ts'
import { openInferenceRoutes } from '../../../src/server/open-inference/open-inference-routes.ts'
import type { ServedTower, TensorSpec } from '../../../src/server/open-inference/served-tower.ts'
import { conformanceGraphs } from '../../../src/testing.ts'

interface Argument {
  readonly models?: Readonly<Record<string, string>>
  readonly conformance?: boolean
  readonly maxBytes?: number
}

const float = (name: string, ...dims: number[]): TensorSpec => ({ name, dtype: 'float32', dims })
const int = (name: string, ...dims: number[]): TensorSpec => ({ name, dtype: 'int64', dims })

const SPECS: Readonly<Record<string, Pick<ServedTower, 'inputs' | 'outputs'>>> = {
  ict_vision: { inputs: [float('pixel_values', 3, 224, 224)], outputs: [float('image_embeds', 256)] },
  ict_text: { inputs: [int('input_ids', -1)], outputs: [float('text_embeds', 256)] },
  hp_vision: {
    inputs: [float('pixel_values', 3, 224, 224)],
    outputs: [float('image_embeds', 256), float('hp_logits')],
  },
  affine: { inputs: [float('x', 3)], outputs: [float('y', 2)] },
  affine_external: { inputs: [float('x', 3)], outputs: [float('y', 2)] },
  lookup: { inputs: [int('ids', -1)], outputs: [float('rows', -1, 2), int('next', -1)] },
  chain: { inputs: [float('x', 768), float('step', 768)], outputs: [float('y', 768)] },
}

function placed(): Record<string, string> {
  const folder = mkdtempSync(join(tmpdir(), 'icthp-hosted-'))
  return Object.fromEntries(
    Object.entries(conformanceGraphs()).map(([name, { graph, externalData }]) => {
      for (const [part, data] of Object.entries(externalData)) writeFileSync(join(folder, part), data)
      writeFileSync(join(folder, `${name}.onnx`), graph)
      return [name, join(folder, `${name}.onnx`)]
    }),
  )
}

const { models, conformance, maxBytes } = JSON.parse(process.argv[2]!) as Argument
const backend = new OrtNodeBackend({ keepThread: true })
const towers = await Promise.all(
  Object.entries(conformance ? placed() : models!).map(async ([name, path]): Promise<ServedTower> => {
    const external = { name: 'external.onnx_data', file: { path: join(dirname(path), 'external.onnx_data') } }
    const source = modelOfFiles(name, { path }, name === 'affine_external' ? [external] : [])
    const session = await backend.load(source, { device: 'cpu' })
    return { name, ...SPECS[name]!, run: (inputs, options) => session.run(inputs, options) }
  }),
)

/** Two ports in a row. */
async function freePort(): Promise<number> {
  const listening = (port: number): Promise<number> =>
    new Promise((resolve, reject) => {
      const server = createServer().once('error', reject)
      server.listen(port, '127.0.0.1', () => {
        const { port: at } = server.address() as { port: number }
        server.close(() => resolve(at))
      })
    })
  for (;;) {
    const port = await listening(0)
    if (await listening(port + 1).catch(() => undefined)) return port
  }
}

const port = await freePort()
const app = openInferenceRoutes(towers, { maxBytes })
await new Promise<void>((resolve) =>
  serve({ fetch: app.fetch, port, hostname: '127.0.0.1' }, () => resolve()),
)
const grpc = await serveGrpc(towers, { port: port + 1, maxBytes })
console.log(JSON.stringify({ port, grpcPort: grpc.port }))
process.once('SIGTERM', () => void grpc.close(1000).then(() => process.exit(0)))
