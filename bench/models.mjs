// What is measured: a model folder for each precision, converted from a checkpoint that is given or made on the spot, and kept
// in .cache/bench for the next time.
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
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

/** @typedef {import('../src/models/manifest.ts').Dtype} Dtype */
/** @typedef {import('./terminal.mjs').Terminal} Terminal */

/**
 * @typedef {object} Models
 * @property {string} label
 * @property {Partial<Record<Dtype, string>>} folders
 * @property {string} [checkpoint] what they were converted from
 * @property {string} [official] a checkpoint in the layout that the reference reads
 */

/**
 * @typedef {object} ModelOptions
 * @property {'tiny' | 'base' | 'vit-h'} size
 * @property {string | undefined} checkpoint
 * @property {string | undefined} model
 * @property {import('./reference.mjs').Reference | undefined} reference
 * @property {boolean} referenceScores whether the reference will load the checkpoint
 */

/**
 * Finds or makes the models. Says on stderr what it writes before it does.
 * @param {readonly Dtype[]} dtypes
 * @param {ModelOptions} options
 * @param {Terminal} terminal
 * @param {AbortSignal} signal
 * @returns {Promise<Models>}
 */
export async function prepareModels(dtypes, options, terminal, signal) {
  const { size, model, reference, referenceScores } = options
  const given = options.checkpoint === undefined ? undefined : checkGiven(options.checkpoint)
  if (referenceScores && given !== undefined && !isOfficial(given)) {
    throw new UsageError(`--reference reads ICT/pytorch_model.bin and HP/…/pytorch_model.bin, which ${given} lacks. Leave --checkpoint out to have one made.`)
  }
  if (model !== undefined) {
    if (referenceScores && given === undefined) {
      throw new UsageError('With --model and --reference also give --checkpoint DIR, which the model was converted from: the reference reads that.')
    }
    checkHeld(model, dtypes)
    const folder = resolve(model)
    return { label: basename(folder), folders: Object.fromEntries(dtypes.map((dtype) => [dtype, folder])), ...(given ? { official: given } : {}) }
  }
  const checkpoint = given ?? join(cache, 'checkpoints', `${size}-${referenceScores ? 'reference' : 'random'}`)
  const out = join(cache, 'models', given ? `${basename(given)}-${fingerprint(given)}` : basename(checkpoint))
  const code = conversionCode()
  const missing = dtypes.filter((dtype) => stampOf(join(out, dtype)) !== code)
  const make = !existsSync(checkpoint)
  const checkpointBytes = given ? bytesOf(given) : CHECKPOINT_BYTES[size]
  await checkSpace((make ? checkpointBytes : 0) + missing.reduce((sum, dtype) => sum + SHARE[dtype] * checkpointBytes, 0), terminal)
  if (make) await makeCheckpoint(checkpoint, size, referenceScores ? reference : undefined, terminal, signal)
  for (const dtype of missing) await convert(checkpoint, join(out, dtype), dtype, code, terminal, signal)
  return {
    label: given ? basename(given) : `${size}, random weights`,
    folders: Object.fromEntries(dtypes.map((dtype) => [dtype, join(out, dtype)])),
    checkpoint,
    ...(isOfficial(checkpoint) ? { official: checkpoint } : {}),
  }
}

/** Precisions that a model folder holds. @param {string} folder @returns {Dtype[]} */
export function heldBy(folder) {
  const held = ['ict', 'hp'].map((kind) => {
    const path = join(folder, kind, 'icthp.json')
    if (!existsSync(path)) throw new UsageError(`--model ${folder} is not a folder that \`icthp convert\` wrote with --ict and --hp: ${kind}/icthp.json is not there.`)
    return Object.keys(JSON.parse(readFileSync(path, 'utf8')).towers.vision)
  })
  return /** @type {Dtype[]} */ (held[0].filter((dtype) => held[1].includes(dtype)))
}

/** @param {string} folder @param {readonly Dtype[]} dtypes */
function checkHeld(folder, dtypes) {
  const held = heldBy(folder)
  const absent = dtypes.filter((dtype) => !held.includes(dtype))
  if (absent.length > 0) throw new UsageError(`--model ${folder} holds ${held.join(', ')}, not ${absent.join(', ')}. Give --dtype ${held.join(',')}.`)
}

/** @param {string} folder */
function checkGiven(folder) {
  const path = resolve(folder)
  for (const part of ['ICT', 'HP/hp_backbone', 'HP/hp_scorer']) {
    if (!existsSync(join(path, part))) throw new UsageError(`--checkpoint ${folder} lacks ${part}/. Give a folder with ICT/, HP/hp_backbone/, HP/hp_scorer/ and base/.`)
  }
  return path
}

/** @param {string} folder */
function isOfficial(folder) {
  const files = ['ICT/pytorch_model.bin', 'HP/hp_backbone/pytorch_model.bin', 'HP/hp_scorer/mlp_pytorch_model.bin', 'base/config.json']
  return files.every((path) => existsSync(join(folder, path)))
}

/** @param {string} checkpoint */
function files(checkpoint) {
  return readdirSync(checkpoint, { recursive: true, withFileTypes: true })
    .map((entry) => join(entry.parentPath, entry.name))
    .map((path) => ({ path: relative(checkpoint, path), info: statSync(path) }))
    .filter(({ path, info }) => info.isFile() && /\.(bin|pt|safetensors|json)$/.test(path))
    .sort((a, b) => (a.path < b.path ? -1 : 1))
}

const bytesOf = (/** @type {string} */ checkpoint) => files(checkpoint).reduce((sum, { info }) => sum + info.size, 0)

/** Tells one checkpoint from another without reading it. @param {string} checkpoint */
function fingerprint(checkpoint) {
  const lines = files(checkpoint).map(({ path, info }) => `${path} ${info.size} ${info.mtimeMs}`)
  return createHash('sha256').update([checkpoint, ...lines].join('\n')).digest('hex').slice(0, 8)
}

/** @param {string} folder */
function stampOf(folder) {
  const path = join(folder, 'bench.json')
  return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')).code : undefined
}

/** @param {number} bytes @param {Terminal} terminal */
async function checkSpace(bytes, terminal) {
  if (bytes === 0) return
  mkdirSync(cache, { recursive: true })
  const { bavail, bsize } = await statfs(cache)
  const free = bavail * bsize
  const place = `${relative(root, cache)}/`
  if (free < 1.05 * bytes) {
    throw new UsageError(`About ${gigabytes(bytes)} would be written to ${place}, but only ${gigabytes(free)} are free. Make room, or choose a smaller --size or fewer --dtype.`)
  }
  terminal.note(`Writing about ${gigabytes(bytes)} of checkpoints and models to ${place}, kept for the next time; ${gigabytes(free)} are free.`)
}

/**
 * @param {string} folder
 * @param {ModelOptions['size']} size
 * @param {import('./reference.mjs').Reference | undefined} reference
 * @param {Terminal} terminal
 * @param {AbortSignal} signal
 */
async function makeCheckpoint(folder, size, reference, terminal, signal) {
  terminal.step(`Making a random checkpoint of size ${size}${reference ? ' with the reference' : ''}`)
  const partial = `${folder}.partial`
  rmSync(partial, { recursive: true, force: true })
  mkdirSync(partial, { recursive: true })
  if (reference) {
    await promisify(execFile)(reference.python, [reference.script, 'make', '--size', size, '--seed', '0', '--out', partial], { signal })
  } else {
    const { writeRandomCheckpoint } = await import('icthp/convert')
    await writeRandomCheckpoint(partial, { size, seed: 0 })
  }
  signal.throwIfAborted()
  renameSync(partial, folder)
}

/**
 * @param {string} checkpoint
 * @param {string} out
 * @param {Dtype} dtype
 * @param {string} code
 * @param {Terminal} terminal
 * @param {AbortSignal} signal
 */
async function convert(checkpoint, out, dtype, code, terminal, signal) {
  terminal.step(`Converting to ${dtype}`)
  const { convertCheckpoints } = await import('icthp/convert')
  rmSync(out, { recursive: true, force: true })
  await convertCheckpoints({
    ict: join(checkpoint, 'ICT'), hp: join(checkpoint, 'HP'), base: join(checkpoint, 'base'), out, dtypes: [dtype], signal,
    origins: { ict: { repository: 'bench/ICT' }, hp: { repository: 'bench/HP' } }, onProgress: terminal.onProgress,
  })
  writeFileSync(join(out, 'bench.json'), `${JSON.stringify({ code })}\n`)
}
