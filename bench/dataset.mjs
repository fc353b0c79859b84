// `npm run bench:dataset`: the figures of docs/dataset.md, on this machine. The table goes to stdout, progress to stderr.
import { parseArgs } from 'node:util'
import { ensureBuilt } from './build.mjs'
import { describeMachine, machineLines } from './machine.mjs'
import { countOf, namesOf } from './options.mjs'
import { runScript } from './terminal.mjs'

const NAMES = ['tar', 'memory', 'kills', 'store', 'again']
const HELP = `npm run bench:dataset -- [options]

  --only LIST      of ${NAMES.join(', ')} (default all)
  --shards N       shards where workers are killed, and of the second run (default 1000)
  --images N       JPEGs in the tar and the folder (default 1000)
  --rounds N       rounds of tar and folder (default 5)
  --pictures N     small pictures over which memory is watched (default 100000)
  --gigabytes N    of the large tar (default 10)
  --help
`

await runScript(
  async (signal, terminal) => {
    const text = (value) => ({ type: 'string', default: value })
    const { values } = parseArgs({
      options: {
        only: text(NAMES.join()),
        shards: text('1000'),
        images: text('1000'),
        rounds: text('5'),
        pictures: text('100000'),
        gigabytes: text('10'),
        help: { type: 'boolean' },
      },
    })
    if (values.help) return void process.stdout.write(HELP)
    ensureBuilt(terminal)
    const number = (name) => countOf(`--${name}`, values[name])
    const options = {
      shards: number('shards'),
      images: number('images'),
      rounds: number('rounds'),
      pictures: number('pictures'),
      gigabytes: number('gigabytes'),
      detail: (what) => terminal.detail(what),
    }
    process.stdout.write(
      `${machineLines(await describeMachine())}\n\n| | measured | asked | |\n|---|---|---|---|\n`,
    )
    for (const name of namesOf('--only', values.only, NAMES)) {
      signal.throwIfAborted()
      terminal.step(name)
      // Each answers with lines: what, its figure, what is asked, and whether that holds.
      const { measure } = await import(`./dataset/sections/${name}.mjs`)
      const lines = await measure(options)
      terminal.clear()
      for (const [what, figure, bound, holds] of lines)
        process.stdout.write(`| ${what} | ${figure} | ${bound} | ${holds ? 'holds' : 'MISSED'} |\n`)
    }
  },
  () => {},
)
