// `npm run bench:remote`: how fast towers are through gRPC and REST on the same machine, beside the local backend. In turns,
// so that what else the machine does falls on all alike. docs/remote.md tells the figures.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { build } from 'tsup'
import { cache, ensureBuilt, root } from './build.mjs'
import { endChildren } from './child.mjs'
import { describeMachine, machineLines } from './machine.mjs'
import { prepareModels } from './models.mjs'
import { runScript } from './terminal.mjs'

const HELP = `npm run bench:remote -- [--model DIR] [--size base] [--dtype fp32] [--batch 8] [--runs 15]

--model DIR is what \`icthp convert\` wrote; without it a random checkpoint of --size is made.
`

/** What a round asks: as a scorer would, one batch after the other. */
const WAYS = ['local', 'grpc', 'http']

/** The server, while it runs. */
let serving
function endAll() {
  serving?.kill()
  endChildren()
}

await runScript(async (signal, terminal) => {
  const { values } = parseArgs({
    options: {
      model: { type: 'string' },
      size: { type: 'string', default: 'base' },
      dtype: { type: 'string', default: 'fp32' },
      batch: { type: 'string', default: '8' },
      runs: { type: 'string', default: '15' },
      help: { type: 'boolean' },
    },
  })
  if (values.help) return void process.stdout.write(HELP)
  ensureBuilt(terminal)
  const { size, dtype, model } = values
  const models = await prepareModels({ size, model, dtypes: [dtype] }, terminal, signal)
  const folder = models.folders[dtype]
  const { OrtNodeBackend } = await import('../dist/node.js')
  const { RemoteBackend } = await import('../dist/remote.js')
  const { readFileSync } = await import('node:fs')
  const { towers } = JSON.parse(readFileSync(join(folder, 'hp/icthp.json'), 'utf8'))
  const { model: graph, externalData } = towers.vision[dtype]
  const path = join(folder, 'hp', graph)

  terminal.step('Starting a server')
  const server = await startServer({ hp_vision: path })
  const file = (name) => ({ name: name.split('/').pop(), file: { path: join(folder, 'hp', name) } })
  const source = {
    name: 'hp_vision',
    tower: 'hp_vision',
    files: async () => ({ graph: { path }, externalData: externalData.map(file) }),
  }
  const backends = {
    local: new OrtNodeBackend(),
    grpc: new RemoteBackend({ url: `grpc://127.0.0.1:${server.grpcPort}` }),
    http: new RemoteBackend({ url: `http://127.0.0.1:${server.port}`, protocol: 'http' }),
  }
  const sessions = {}
  for (const way of WAYS)
    sessions[way] = await backends[way].load(source, { device: way === 'local' ? 'cpu' : 'remote' })
  const batch = Number(values.batch)
  const data = Float32Array.from({ length: batch * 3 * 224 * 224 }, (_, i) => Math.sin(i / 997))
  const inputs = { pixel_values: { dtype: 'float32', dims: [batch, 3, 224, 224], data } }
  const seconds = Object.fromEntries(WAYS.map((way) => [way, []]))
  for (let round = -2; round < Number(values.runs); round++) {
    terminal.step(`Round ${round + 1}`)
    for (const way of WAYS) {
      signal.throwIfAborted()
      const start = performance.now()
      await sessions[way].run(inputs)
      if (round >= 0) seconds[way].push((performance.now() - start) / 1000)
    }
  }
  for (const way of WAYS) await backends[way].dispose()
  const median = (list) => list.toSorted((a, b) => a - b)[list.length >> 1]
  const local = median(seconds.local)
  const lines = WAYS.map((way) => {
    const each = median(seconds[way])
    return `${way.padEnd(6)} ${(1000 * each).toFixed(1).padStart(8)} ms a batch of ${batch}, ${(local / each).toFixed(3)} of local`
  })
  console.log([`${models.label}, ${dtype}`, ...lines, '', machineLines(await describeMachine())].join('\n'))
}, endAll)

/** The server of the tests: our own routes and gRPC on onnxruntime-node, in a process of its own. */
async function startServer(paths) {
  const outDir = join(cache, 'remote-server')
  await build({
    config: false,
    entry: {
      'server/own-server': join(root, 'test/server/open-inference/own-server.ts'),
      'backend/ort-worker-node': join(root, 'src/backend/ort-node/ort-handler-node.ts'),
    },
    outDir,
    format: 'esm',
    target: 'node20',
    platform: 'node',
    dts: false,
    silent: true,
  })
  const child = spawn(
    process.execPath,
    [join(outDir, 'server/own-server.js'), JSON.stringify({ models: paths })],
    { stdio: ['ignore', 'pipe', 'inherit'], env: { ...process.env, ORT_DISABLE_TELEMETRY: '1' } },
  )
  serving = child
  const [ports] = await once(child.stdout, 'data')
  return JSON.parse(ports)
}
