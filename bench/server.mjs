// `npm run bench:server`: what the server costs over the library, on this machine's CPU, as shares: images a second under 32
// clients, one request, the event loop, and what it does with ten times as much as it can do.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ensureBuilt, root } from './build.mjs'
import { Child, endChildren } from './child.mjs'
import { describeMachine, machineLines } from './machine.mjs'
import { prepareModels } from './models.mjs'
import { countOf, namesOf, readArguments } from './options.mjs'
import { drawnPictures, prompt } from './pictures.mjs'
import { measureOverload, OVERLOAD } from './server/overload.mjs'
import { checked, endServers, formOf, startServer } from './server/server-process.mjs'
import { interleave, median, ratios } from './statistics.mjs'
import { spread, table } from './table.mjs'
import { runScript } from './terminal.mjs'

const SECTIONS = ['throughput', 'latency', 'overload']
const CLIENTS = 32
/** A round takes about so long. */
const ROUND_SECONDS = 5
/** What V8 spends on compiling in the first thousand requests is not what they cost a server that runs for days. */
const WARM_UP_ROUNDS = 3

const HELP = `npm run bench:server -- [options]

  --models LIST            of demo and base (default demo,base); base has random weights, made on the spot
  --dtype NAME             of base (default int8)
  --batch-size N           on both sides (default: icthp's own)
  --threads N              CPU threads, on both sides (default one a core)
  --only LIST              of ${SECTIONS.join(', ')} (default all)
  --runs N                 rounds (default 7)
  --overload-seconds N     how long it is asked for ${OVERLOAD} times what it can do (default 60)
  --help
`

await runScript(
  async (signal, terminal) => {
    const options = readOptions()
    if (!options) return void process.stdout.write(HELP)
    ensureBuilt(terminal)
    const pictures = await drawnPictures()
    process.stdout.write(`${machineLines(await describeMachine())}\n`)
    for (const name of options.models) {
      const model = await modelFolder(name, options, terminal, signal)
      const rows = await measure({ ...options, model, pictures, signal, terminal })
      terminal.clear()
      process.stdout.write(`\n## ${name}\n\n${table(['', 'measured', 'asked'], rows)}\n`)
    }
  },
  () => {
    endChildren()
    endServers()
  },
)

function readOptions() {
  const values = readArguments({
    size: 'base',
    models: 'demo,base',
    dtype: 'int8',
    'batch-size': undefined,
    threads: undefined,
    only: SECTIONS.join(),
    runs: '7',
    'overload-seconds': '60',
  })
  if (!values) return undefined
  return {
    dtype: values.dtype,
    models: namesOf('--models', values.models, ['demo', 'base']),
    only: namesOf('--only', values.only, SECTIONS),
    runs: countOf('--runs', values.runs),
    batchSize: values['batch-size'] && countOf('--batch-size', values['batch-size']),
    threads: values.threads && countOf('--threads', values.threads),
    overloadSeconds: countOf('--overload-seconds', values['overload-seconds']),
  }
}

async function modelFolder(name, { dtype }, terminal, signal) {
  if (name === 'demo') return join(root, 'models/demo')
  const { folders } = await prepareModels({ size: 'base', dtypes: [dtype] }, terminal, signal)
  return folders[dtype]
}

async function measure(context) {
  const { model, batchSize, threads, only, terminal } = context
  terminal.step('Loading the library and the server')
  const library = new Child('the library', process.execPath, [
    join(root, 'bench/library-child.mjs'),
    model,
    String(batchSize ?? 'auto'),
    String(threads ?? 'auto'),
  ])
  const { batchSize: used, dtype } = await library.answer()
  const flags = [
    ...(batchSize ? ['--batch-size', batchSize] : []),
    ...(threads ? ['--threads', threads] : []),
  ]
  const server = await startServer(['-m', model, ...flags.map(String)])
  const sides = { ...context, library, server }
  const rows = [['precision, batch size', `${dtype}, ${used}`, '']]
  const { rate, rows: throughput } = await measureThroughput(sides)
  if (only.includes('throughput')) rows.push(...throughput)
  if (only.includes('latency')) rows.push(...(await measureLatency(sides)))
  rows.push(['exit code at SIGTERM', String(await server.end()), '0'])
  await library.end()
  if (only.includes('overload')) rows.push(...(await measureOverload(context, flags, rate)))
  return rows
}

function cycle(paths, count) {
  return Array.from({ length: count }, (_, i) => paths[i % paths.length])
}

async function measureThroughput({ pictures, library, server, runs, signal, terminal }) {
  terminal.step(`Images a second under ${CLIENTS} clients`)
  const some = { task: 'list', paths: cycle(pictures, 16), prompt: prompt(0) }
  // The first is slow, and would make rounds too short: their beginning and end would count for much.
  await library.ask(some)
  const { seconds } = await library.ask(some)
  const count = Math.max(CLIENTS, Math.round((ROUND_SECONDS * 16) / seconds))
  const paths = cycle(pictures, count)
  const forms = new Map(pictures.map((path) => [path, formOf(readFileSync(path), prompt(0))]))
  const stalls = []
  // The clients' CPU is not in it, and other load on the machine does not lengthen it.
  const cpu = { library: [], server: [] }
  const values = await interleave(
    {
      library: async () => {
        const answer = await library.ask({ task: 'list', paths, prompt: prompt(0) })
        cpu.library.push((1000 * answer.cpu) / count)
        return count / answer.seconds
      },
      server: async () => {
        const { process_cpu_seconds_total: before } = await server.metrics()
        const start = performance.now()
        let next = 0
        const client = async () => {
          while (next < paths.length) checked(await server.score(forms.get(paths[next++])))
        }
        await Promise.all(Array.from({ length: CLIENTS }, client))
        const rate = (1000 * count) / (performance.now() - start)
        const after = await server.metrics()
        stalls.push(1000 * after.nodejs_eventloop_lag_max_seconds)
        cpu.server.push((1000 * (after.process_cpu_seconds_total - before)) / count)
        return rate
      },
    },
    { runs, warmUp: WARM_UP_ROUNDS, signal, terminal },
  )
  return {
    rate: median(values.server),
    rows: [
      ['library, images a second', spread(values.library), ''],
      [`server, ${CLIENTS} clients, images a second`, spread(values.server), ''],
      ['share of the library', spread(ratios(values.server, values.library)), 'at least 0.95'],
      ['CPU ms an image: library', spread(cpu.library.slice(WARM_UP_ROUNDS)), ''],
      ['CPU ms an image: server', spread(cpu.server.slice(WARM_UP_ROUNDS)), ''],
      ['longest stall of the event loop, ms', spread(stalls.slice(WARM_UP_ROUNDS)), 'below 50'],
    ],
  }
}

async function measureLatency({ pictures, library, server, runs, signal, terminal }) {
  terminal.step('One request')
  const forms = pictures.map((path) => formOf(readFileSync(path), prompt(1)))
  const values = await interleave(
    {
      library: async () =>
        median((await library.ask({ task: 'single', paths: pictures, prompt: prompt(1) })).times),
      server: async () => {
        const times = []
        for (const form of forms) times.push(checked(await server.score(form)))
        return median(times)
      },
    },
    { runs, signal, terminal },
  )
  const more = values.server.map((ms, i) => ms - values.library[i])
  return [
    ['library, one 1024² JPEG, ms', spread(values.library), ''],
    ['server, the same, ms', spread(values.server), ''],
    ['more than the library, ms', spread(more), 'at most 5'],
  ]
}
