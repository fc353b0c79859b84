// What is measured: a folder for each precision, given, or converted from a checkpoint that is given or made on the spot, and
// kept in .cache/bench for the next time.
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { statfs } from 'node:fs/promises'
import { basename, join, relative, resolve } from 'node:path'
import { promisify } from 'node:util'
import { cache, conversionCode, root } from './build.mjs'
import { gigabytes } from './table.mjs'
import { UsageError } from './terminal.mjs'

/** Bytes of a random checkpoint of a size, ICT and HP in float32. */
const CHECKPOINT_BYTES = { tiny: 15e6, base: 1.2e9, 'vit-h': 7.9e9 }
/** A converted model's bytes, as a share of the checkpoint's; a little more than measured. */
const SHARE = { fp32: 0.85, fp16: 0.45, int8: 0.3, q8: 0.3, q4: 0.2, q4f16: 0.2 }
/** The layout that the reference reads. */
const OFFICIAL = [
  'ICT/pytorch_model.bin',
  'HP/hp_backbone/pytorch_model.bin',
  'HP/hp_scorer/mlp_pytorch_model.bin',
  'base/config.json',
]

/**
 * Finds or makes the models: `folders` by precision, and `official`, the checkpoint for the reference, where it is asked for.
 * Says on stderr what it writes before it does.
 */
export async function prepareModels({ size, checkpoint, model, dtypes, reference }, terminal, signal) {
  if (model !== undefined) {
    if (reference && checkpoint === undefined)
      throw new UsageError(
        'With --model and --reference also give --checkpoint DIR, which the model was converted from: the reference reads that.',
      )
    checkHeld(model, dtypes)
    const folders = Object.fromEntries(dtypes.map((dtype) => [dtype, resolve(model)]))
    return { label: basename(resolve(model)), folders, official: reference && officialOf(checkpoint) }
  }
  const source = sourceOf({ size, checkpoint, reference })
  const out = join(
    cache,
    'models',
    `${basename(source)}${checkpoint === undefined ? '' : `-${fingerprint(source)}`}`,
  )
  const code = conversionCode()
  const missing = dtypes.filter((dtype) => stampOf(join(out, dtype)) !== code)
  const make = !existsSync(source)
  const bytes = make
    ? CHECKPOINT_BYTES[size]
    : filesIn(source).reduce((sum, path) => sum + statSync(path).size, 0)
  await checkSpace(
    (make ? bytes : 0) + missing.reduce((sum, dtype) => sum + SHARE[dtype] * bytes, 0),
    terminal,
  )
  if (make) await makeCheckpoint(source, size, reference, terminal, signal)
  for (const dtype of missing) await convert(source, join(out, dtype), dtype, code, terminal, signal)
  return {
    label: checkpoint === undefined ? `${size}, random weights` : basename(source),
    folders: Object.fromEntries(dtypes.map((dtype) => [dtype, join(out, dtype)])),
    official: reference && officialOf(source),
  }
}

/** The checkpoint alone, made where it is not there. */
export async function ensureCheckpoint({ size, checkpoint }, terminal, signal) {
  const source = sourceOf({ size, checkpoint })
  if (existsSync(source)) return source
  await checkSpace(2 * CHECKPOINT_BYTES[size], terminal)
  await makeCheckpoint(source, size, undefined, terminal, signal)
  return source
}

function sourceOf({ size, checkpoint, reference }) {
  if (checkpoint === undefined)
    return join(cache, 'checkpoints', `${size}-${reference ? 'reference' : 'random'}`)
  const source = resolve(checkpoint)
  if (existsSync(join(source, 'ICT'))) return source
  throw new UsageError(
    `--checkpoint ${checkpoint} lacks ICT/. Give a folder with ICT/, HP/hp_backbone/, HP/hp_scorer/ and base/.`,
  )
}

/** Precisions that both models of a folder hold. */
export function heldBy(folder) {
  const [ict, hp] = ['ict', 'hp'].map((kind) => {
    const path = join(folder, kind, 'icthp.json')
    if (!existsSync(path))
      throw new UsageError(
        `--model ${folder} is not a folder that \`icthp convert\` wrote with --ict and --hp: ${kind}/icthp.json is not there.`,
      )
    return Object.keys(JSON.parse(readFileSync(path, 'utf8')).towers.vision)
  })
  return ict.filter((dtype) => hp.includes(dtype))
}

function checkHeld(folder, dtypes) {
  const held = heldBy(folder)
  const absent = dtypes.filter((dtype) => !held.includes(dtype))
  if (absent.length > 0)
    throw new UsageError(
      `--model ${folder} holds ${held.join(', ')}, not ${absent.join(', ')}. Give --dtype ${held.join(',')}.`,
    )
}

function officialOf(checkpoint) {
  const absent = OFFICIAL.find((path) => !existsSync(join(checkpoint, path)))
  if (absent)
    throw new UsageError(
      `--reference reads ${absent}, which ${checkpoint} lacks. Leave --checkpoint out to have one made.`,
    )
  return resolve(checkpoint)
}

const filesIn = (checkpoint) =>
  readdirSync(checkpoint, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()

/** Tells one checkpoint from another without reading it. */
function fingerprint(checkpoint) {
  const lines = filesIn(checkpoint).map((path) => `${path} ${statSync(path).size} ${statSync(path).mtimeMs}`)
  return createHash('sha256').update(lines.join('\n')).digest('hex').slice(0, 8)
}

function stampOf(folder) {
  const path = join(folder, 'bench.json')
  return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')).code : undefined
}

async function checkSpace(bytes, terminal) {
  if (bytes === 0) return
  mkdirSync(cache, { recursive: true })
  const { bavail, bsize } = await statfs(cache)
  const free = bavail * bsize
  const place = `${relative(root, cache)}/`
  if (free < 1.05 * bytes)
    throw new UsageError(
      `About ${gigabytes(bytes)} would be written to ${place}, but only ${gigabytes(free)} are free. Make room, or choose a smaller --size or fewer --dtype.`,
    )
  terminal.note(
    `Writing about ${gigabytes(bytes)} of checkpoints and models to ${place}, kept for the next time; ${gigabytes(free)} are free.`,
  )
}

/** With the reference in its own format, else without Python. */
async function makeCheckpoint(folder, size, reference, terminal, signal) {
  terminal.step(`Making a random checkpoint of size ${size}${reference ? ' with the reference' : ''}`)
  const partial = `${folder}.partial`
  rmSync(partial, { recursive: true, force: true })
  mkdirSync(partial, { recursive: true })
  if (reference) {
    await promisify(execFile)(
      reference.python,
      [reference.script, 'make', '--size', size, '--seed', '0', '--out', partial],
      { signal },
    )
  } else {
    const { writeRandomCheckpoint } = await import('icthp/convert')
    await writeRandomCheckpoint(partial, { size, seed: 0 })
  }
  signal.throwIfAborted()
  renameSync(partial, folder)
}

async function convert(checkpoint, out, dtype, code, terminal, signal) {
  terminal.step(`Converting to ${dtype}`)
  const { convertCheckpoints } = await import('icthp/convert')
  rmSync(out, { recursive: true, force: true })
  await convertCheckpoints({
    ict: join(checkpoint, 'ICT'),
    hp: join(checkpoint, 'HP'),
    base: join(checkpoint, 'base'),
    out,
    dtypes: [dtype],
    signal,
    origins: { ict: { repository: 'bench/ICT' }, hp: { repository: 'bench/HP' } },
    onProgress: ({ stage, item, loaded, total, unit }) =>
      total && terminal.detail(`${stage} ${item}, ${Math.round((100 * loaded) / total)} % of the ${unit}`),
  })
  writeFileSync(join(out, 'bench.json'), `${JSON.stringify({ code })}\n`)
}
