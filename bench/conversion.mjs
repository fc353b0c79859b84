// `npm run bench:conversion`: how long a conversion takes, beside reading the checkpoint and writing the same number of bytes
// alone, one after the other and on the disk at the end. Each runs in a process of its own, in turns.
import { execFileSync } from 'node:child_process'
import { readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { cache, ensureBuilt } from './build.mjs'
import { Child, endChildren } from './child.mjs'
import { describeMachine, machineLines } from './machine.mjs'
import { ensureCheckpoint } from './models.mjs'
import { countOf, readArguments, SIZES } from './options.mjs'
import { interleave } from './statistics.mjs'
import { gigabytes, spread, spreadOf, table } from './table.mjs'
import { runScript } from './terminal.mjs'

const HELP = `npm run bench:conversion -- [options]

  --size NAME         random checkpoint to make: ${SIZES.join(', ')} (default base), kept in .cache/bench
  --checkpoint DIR    take this one: a folder with ICT/, HP/ and base/
  --dtype LIST        precisions, all in one conversion (default fp32)
  --out DIR           where to write; removed after each run (default in .cache/bench)
  --runs N            rounds (default 3)
  --help

As root on Linux, the system's cache of files is emptied before every run.
`
const child = fileURLToPath(new URL('conversion-child.mjs', import.meta.url))

await runScript(async (signal, terminal) => {
  const values = readArguments({
    size: 'base',
    checkpoint: undefined,
    dtype: 'fp32',
    out: join(cache, 'conversion'),
    runs: '3',
  })
  if (!values) return void process.stdout.write(HELP)
  const runs = countOf('--runs', values.runs)
  ensureBuilt(terminal)
  const checkpoint = await ensureCheckpoint(values, terminal, signal)
  const out = resolve(values.out)
  process.stdout.write(`${machineLines(await describeMachine())}\n`)
  let cold = true
  let sizes = []
  const run = async (...args) => {
    rmSync(out, { recursive: true, force: true })
    cold = emptyCache() && cold
    const running = new Child(args[0], process.execPath, [child, args[0], checkpoint, out, ...args.slice(1)])
    try {
      return await running.answer()
    } finally {
      await running.end()
    }
  }
  const convert = async () => {
    const took = await run('convert', values.dtype)
    sizes = sizesIn(out)
    return took
  }
  terminal.step('Converting once to see what is written')
  await convert()
  terminal.step('Measuring')
  const { converting, plain } = await interleave(
    { converting: convert, plain: () => run('plain', ...sizes) },
    { runs, warmUp: 0, signal, terminal },
  )
  rmSync(out, { recursive: true, force: true })
  const read = sizesIn(checkpoint)
  process.stdout.write(
    `read ${gigabytes(sum(read))}, written ${gigabytes(sum(sizes))} (${values.dtype}); the system's cache of files was ${cold ? 'empty' : 'left as it was'}\n\n`,
  )
  process.stdout.write(`${report(converting, plain)}\n`)
}, endChildren)

function report(converting, plain) {
  const row = (name, runs) => [
    name,
    ...['seconds', 'user', 'system'].map((field) => spread(runs.map((run) => run[field]))),
    spreadOf(runs, ({ peak }) => peak / 2 ** 20),
  ]
  const share = spread(converting.map(({ seconds }, i) => seconds / plain[i].seconds))
  return [
    table(
      ['', 'seconds', 'user CPU', 'system CPU', 'peak MiB'],
      [row('conversion', converting), row('reading and writing', plain)],
    ),
    '',
    `Reading alone: ${spread(plain.map(({ readSeconds }) => readSeconds))} s. Conversion takes ${share} of reading and writing.`,
  ].join('\n')
}

function sum(values) {
  return values.reduce((a, b) => a + b, 0)
}

function sizesIn(folder) {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  )
  return files.map((entry) => statSync(join(entry.parentPath, entry.name)).size)
}

/** What runs before have written is on the disk, too, when it returns. False where the system does not let us. */
function emptyCache() {
  try {
    execFileSync('sync')
    writeFileSync('/proc/sys/vm/drop_caches', '3')
    return true
  } catch {
    return false
  }
}
