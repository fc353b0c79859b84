// `npm run bench:gpu`: HP's tower in float16 on the graphics card through onnxruntime's WebGPU and CUDA, beside PyTorch's with
// SDPA on the same card, and how far the scores are from float32 on the CPU. Says why where there is no card.
import { ensureBuilt } from './build.mjs'
import { endChildren } from './child.mjs'
import { describeMachine, machineLines } from './machine.mjs'
import { prepareModels } from './models.mjs'
import { countOf, readArguments, SIZES } from './options.mjs'
import { drawnPictures, prompt } from './pictures.mjs'
import { findReference, startReference } from './reference.mjs'
import { openScorer } from './scorer.mjs'
import { interleave, median, ratios } from './statistics.mjs'
import { spread, table } from './table.mjs'
import { runScript } from './terminal.mjs'

const BATCHES = [1, 8, 32]
/** A round takes about so long. */
const ROUND_SECONDS = 2

const HELP = `npm run bench:gpu -- [options]

  --size NAME              random checkpoint to make: ${SIZES.join(', ')} (default vit-h)
  --checkpoint DIR         take this one: a folder with ICT/, HP/hp_backbone/, HP/hp_scorer/ and base/
  --model DIR              take what \`icthp convert --dtype fp32,fp16\` wrote, and convert nothing
  --runs N                 rounds (default 5)
  --reference PYTHON       a Python with torch for CUDA, transformers, open_clip, ftfy and Pillow
  --reference-script FILE  a reference.py (default ../shared/reference/reference.py)
  --help
`

await runScript(async (signal, terminal) => {
  const options = readArguments({
    size: 'vit-h',
    checkpoint: undefined,
    model: undefined,
    runs: '5',
    reference: undefined,
    'reference-script': undefined,
  })
  if (!options) return void process.stdout.write(HELP)
  const runs = countOf('--runs', options.runs)
  const reference = findReference(options.reference, options['reference-script'])
  ensureBuilt(terminal)
  terminal.step('Trying the devices')
  const { devices, reasons } = await findDevices()
  terminal.clear()
  process.stdout.write(
    `${machineLines(await describeMachine())}\n${reasons.map((reason) => `${reason}\n`).join('')}`,
  )
  if (devices.length === 0)
    return void process.stdout.write('No GPU that onnxruntime-node can use: nothing was measured.\n')

  const models = await prepareModels({ ...options, dtypes: ['fp32', 'fp16'], reference }, terminal, signal)
  const context = { models, pictures: await drawnPictures(), runs, signal, terminal }
  const python = reference && (await startPython(reference, models, terminal))
  const measured = await measureDevices(context, devices, python)
  await python?.child.end()
  terminal.clear()
  process.stdout.write(report(models, python, measured))
}, endChildren)

/** Rows of both tables; a device that fails is noted and left out. */
async function measureDevices(context, devices, python) {
  const { signal, terminal } = context
  const exact = await exactAnswers(context)
  const speeds = []
  const losses = []
  for (const device of devices) {
    terminal.step(`Scoring on ${device}`)
    try {
      const { child } = await openScorer({ ...context, where: { device } }, 'fp16')
      losses.push([device, ...lossOf(await child.ask(question(context)), exact)])
      for (const batch of BATCHES)
        speeds.push([device, String(batch), ...(await measureSpeed(context, child, python?.child, batch))])
      await child.end()
    } catch (error) {
      signal.throwIfAborted()
      terminal.note(`${device}: ${error.message}`)
    }
  }
  return { speeds, losses }
}

function report(models, python, { speeds, losses }) {
  const { versions, card, attention } = python?.ready ?? {}
  return [
    `model: ${models.label}`,
    ...(python ? [`PyTorch ${versions.torch} on ${card}, float16, attention ${attention}`] : []),
    '',
    "HP's tower in fp16, tensors from and to main memory, images a second.",
    '',
    table(['device', 'batch', 'images a second', 'PyTorch', 'multiple of PyTorch'], speeds),
    '',
    'Against fp32 on the CPU.',
    '',
    table(
      ['device', 'largest difference, ICT', 'largest difference, HP', 'least embedding cosine, HP'],
      losses,
    ),
    '',
  ].join('\n')
}

/** A software renderer is no GPU: WebGPU counts where `auto` would take it, or where CUDA shows that there is a card. */
async function findDevices() {
  const { OrtNodeBackend } = await import('icthp/node')
  const backend = new OrtNodeBackend()
  const devices = []
  const reasons = []
  const { device: best, notes } = await backend.probe('auto')
  for (const device of ['cuda', 'webgpu']) {
    try {
      await backend.probe(device)
      if (best === 'cpu') reasons.push(...notes.filter((note) => note.startsWith(device)))
      else devices.push(device)
    } catch ({ message }) {
      reasons.push(message)
    }
  }
  await backend.dispose()
  return { devices, reasons }
}

async function startPython(reference, models, terminal) {
  terminal.step('Loading the reference on the card')
  try {
    return await startReference(reference, { mode: 'gpu', models: models.official, dtype: 'float16' })
  } catch ({ message }) {
    return void terminal.note(message)
  }
}

function question({ pictures }) {
  return { do: 'answers', images: pictures.slice(0, 8), prompts: [0, 1, 2, 3].map(prompt) }
}

async function exactAnswers(context) {
  context.terminal.step('Scoring in fp32 on the CPU')
  const { child } = await openScorer({ ...context, where: { device: 'cpu' } }, 'fp32')
  const answers = await child.ask(question(context))
  await child.end()
  return answers
}

function lossOf(answers, exact) {
  const largest = (a, b) => Math.max(...a.map((value, i) => Math.abs(value - b[i])))
  const dot = (a, b) => a.reduce((sum, value, i) => sum + value * b[i], 0)
  const cosine = (a, b) => dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b))
  return [
    largest(answers.ict.flat(), exact.ict.flat()).toExponential(1),
    largest(answers.hp, exact.hp).toExponential(1),
    Math.min(...answers.embeds.map((embeds, i) => cosine(embeds, exact.embeds[i]))).toFixed(6),
  ]
}

async function measureSpeed({ pictures, runs, signal, terminal }, child, python, batch) {
  const rate = (side, command) => async (count) =>
    (batch * count) / (await side.ask({ ...command, batch, runs: count })).seconds
  const ours = rate(child, { do: 'ready', images: pictures })
  const theirs = python && rate(python, { do: 'images' })
  await ours(2)
  const count = Math.max(2, Math.round((ROUND_SECONDS * median([await ours(2), await ours(2)])) / batch))
  const rounds = await interleave(
    { ours: () => ours(count), ...(theirs ? { theirs: () => theirs(count) } : {}) },
    { runs, signal, terminal },
  )
  return [
    spread(rounds.ours),
    spread(rounds.theirs),
    theirs ? spread(ratios(rounds.ours, rounds.theirs)) : '–',
  ]
}
