// `npm run bench`: how fast icthp is on this machine's CPU, and beside the Python reference where there is one. The tables go
// to stdout, progress to stderr. docs/performance.md says how to read them.
import { writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { ensureBuilt } from './build.mjs'
import { endChildren } from './child.mjs'
import { describeMachine, machineLines } from './machine.mjs'
import { heldBy, prepareModels } from './models.mjs'
import { countOf, namesOf, readArguments, SIZES } from './options.mjs'
import { drawnPictures } from './pictures.mjs'
import { findReference } from './reference.mjs'
import { runScript } from './terminal.mjs'

/** Fastest on a CPU first. */
const DTYPES = ['int8', 'q8', 'q4', 'fp32', 'fp16', 'q4f16']
const TORCH_DTYPES = ['float32', 'bfloat16']
const SECTIONS = ['score', 'growth', 'load', 'preprocess', 'pipeline', 'parts']

const HELP = `npm run bench -- [options]

What is measured
  --size NAME              random checkpoint to make: ${SIZES.join(', ')} (default base)
  --checkpoint DIR         take this one: a folder with ICT/, HP/hp_backbone/, HP/hp_scorer/ and base/
  --model DIR              take what \`icthp convert\` wrote, and convert nothing
  --dtype LIST             of ${DTYPES.join(', ')} (default fp32,int8)
  --only LIST              of ${SECTIONS.join(', ')} (default all)
  --runs N                 rounds at most; long ones are fewer (default 5)
  --threads N              CPU threads, on both sides (default one a core)

Beside the Python reference
  --reference PYTHON       a Python with torch, transformers, open_clip, ftfy and Pillow
  --reference-script FILE  a reference.py (default ../shared/reference/reference.py)
  --reference-dtype LIST   of ${TORCH_DTYPES.join(', ')} (default both)

  --json FILE              also write every round
  --help

Sections: score (seconds a pair, images a second, 16 × 16), growth (with images, prompts, batch, threads), load (load and
memory), preprocess (one thread), pipeline (all cores; a folder beside inference alone), parts (resize, tokens, decoders).
Checkpoints and models are kept in .cache/bench.
`

await runScript(async (signal, terminal) => {
  const options = readOptions()
  if (!options) return void process.stdout.write(HELP)
  ensureBuilt(terminal)
  const { dtypes, only, runs, threads, reference } = options
  // Of the sections, only score needs what the reference reads.
  const models = await prepareModels(
    { ...options, reference: only.includes('score') ? reference : undefined },
    terminal,
    signal,
  )
  const pictures = await drawnPictures()
  const machine = await describeMachine()
  const context = {
    models,
    dtypes,
    fastest: DTYPES.find((dtype) => dtypes.includes(dtype)),
    pictures,
    reference,
    runs,
    quick: runs === 1,
    where: { device: 'cpu', threads },
    cores: availableParallelism(),
    terminal,
    signal,
  }
  process.stdout.write(
    `${machineLines(machine)}\nmodel: ${models.label}; threads: ${threads ?? 'as many as cores'}\n`,
  )
  const results = {}
  for (const name of only) {
    const { measure, report } = await import(`./sections/${name}.mjs`)
    results[name] = await measure(context)
    terminal.clear()
    process.stdout.write(`\n## ${name}\n\n${report(results[name], results).join('\n')}\n`)
    // Written after each section: a long run that ends early has left what it found.
    if (options.json)
      writeFileSync(
        options.json,
        `${JSON.stringify({ machine, options: { ...options, reference: reference?.script }, results }, null, 1)}\n`,
      )
  }
}, endChildren)

function readOptions() {
  const values = readArguments({
    size: 'base',
    checkpoint: undefined,
    model: undefined,
    dtype: undefined,
    only: SECTIONS.join(),
    runs: '5',
    threads: undefined,
    reference: undefined,
    'reference-script': undefined,
    'reference-dtype': TORCH_DTYPES.join(),
    json: undefined,
  })
  if (!values) return undefined
  const { size, checkpoint, model, json, dtype, only, runs, threads } = values
  const reference = findReference(values.reference, values['reference-script'])
  return {
    size,
    checkpoint,
    model,
    json,
    dtypes: dtype ? namesOf('--dtype', dtype, DTYPES) : defaultDtypes(model),
    only: SECTIONS.filter((name) => namesOf('--only', only, SECTIONS).includes(name)),
    runs: countOf('--runs', runs),
    threads: threads && countOf('--threads', threads),
    reference: reference && {
      ...reference,
      dtypes: namesOf('--reference-dtype', values['reference-dtype'], TORCH_DTYPES),
    },
  }
}

function defaultDtypes(model) {
  if (model === undefined) return ['fp32', 'int8']
  const held = heldBy(model)
  const usual = ['fp32', 'int8'].filter((dtype) => held.includes(dtype))
  return usual.length > 0 ? usual : held
}
