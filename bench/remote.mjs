// `npm run bench:remote`: how fast towers are through `icthp serve` on the same machine, over gRPC and REST, beside the local
// backend. In turns, so that what else the machine does falls on all alike. docs/remote.md tells the figures.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ensureBuilt, root } from './build.mjs'
import { describeMachine, machineLines } from './machine.mjs'
import { prepareModels } from './models.mjs'
import { countOf, namesOf, readArguments } from './options.mjs'
import { endServers, startServer } from './server/server-process.mjs'
import { interleave, ratios } from './statistics.mjs'
import { spread, table } from './table.mjs'
import { runScript } from './terminal.mjs'

const HELP = `npm run bench:remote -- [options]

  --models LIST     of demo and base (default demo,base); base has random weights, made on the spot
  --dtype NAME      of base (default fp32)
  --batch-size N    pictures a run (default 8)
  --runs N          rounds (default 15)
  --help
`

await runScript(async (signal, terminal) => {
  const options = readOptions()
  if (!options) return void process.stdout.write(HELP)
  ensureBuilt(terminal)
  process.stdout.write(`${machineLines(await describeMachine())}\n\n`)
  const rows = []
  for (const name of options.models) {
    const { folder, dtype } = await modelFolder(name, options, terminal, signal)
    rows.push([`${name}, ${dtype}`, ...(await measure(folder, dtype, { ...options, signal, terminal }))])
  }
  terminal.clear()
  process.stdout.write(
    `${table(['vision tower of HP', 'local, ms a batch', 'gRPC, of local', 'REST binary, of local'], rows)}\n`,
  )
}, endServers)

function readOptions() {
  const values = readArguments({
    size: 'base',
    models: 'demo,base',
    dtype: 'fp32',
    'batch-size': '8',
    runs: '15',
  })
  if (!values) return undefined
  return {
    dtype: values.dtype,
    models: namesOf('--models', values.models, ['demo', 'base']),
    batch: countOf('--batch-size', values['batch-size']),
    runs: countOf('--runs', values.runs),
  }
}

async function modelFolder(name, { dtype }, terminal, signal) {
  if (name === 'demo') return { folder: join(root, 'models/demo'), dtype: 'q8' }
  const { folders } = await prepareModels({ size: 'base', dtypes: [dtype] }, terminal, signal)
  return { folder: folders[dtype], dtype }
}

/** Speeds through the server, as shares of the local backend's. */
async function measure(folder, dtype, { batch, runs, signal, terminal }) {
  const { OrtNodeBackend } = await import('../dist/node.js')
  const { RemoteBackend } = await import('../dist/remote.js')
  terminal.step('Starting a server')
  const server = await startServer(['-m', folder, '--only', 'hp', '--grpc-port', '0'])
  const backends = {
    local: new OrtNodeBackend(),
    grpc: new RemoteBackend({ url: `grpc://127.0.0.1:${server.grpcPort}` }),
    http: new RemoteBackend({ url: `http://127.0.0.1:${server.port}`, protocol: 'http' }),
  }
  const inputs = {
    pixel_values: {
      dtype: 'float32',
      dims: [batch, 3, 224, 224],
      data: Float32Array.from({ length: batch * 3 * 224 * 224 }, (_, i) => Math.sin(i / 997)),
    },
  }
  const sides = {}
  for (const [way, backend] of Object.entries(backends)) {
    const device = way === 'local' ? 'cpu' : 'remote'
    const session = await backend.load(visionOf(folder, dtype), { device })
    sides[way] = async () => {
      const start = performance.now()
      await session.run(inputs)
      return performance.now() - start
    }
  }
  terminal.step(`Runs of ${batch} pictures`)
  const times = await interleave(sides, { runs, warmUp: 2, signal, terminal })
  for (const backend of Object.values(backends)) await backend.dispose()
  await server.end()
  const share = (way) => spread(ratios(times.local, times[way]))
  return [spread(times.local), share('grpc'), share('http')]
}

function visionOf(folder, dtype) {
  const { towers } = JSON.parse(readFileSync(join(folder, 'hp/icthp.json'), 'utf8'))
  const { model, externalData = [] } = towers.vision[dtype]
  const pathOf = (name) => join(folder, 'hp', name)
  return {
    name: 'hp_vision',
    tower: 'hp_vision',
    files: async () => ({
      graph: { path: pathOf(model) },
      externalData: externalData.map((name) => ({
        name: name.split('/').pop(),
        file: { path: pathOf(name) },
      })),
    }),
  }
}
