// Seconds a pair, images a second and the matrix, each precision in turn; with a reference its runs come between ours.
import { pairsOf, prompt } from '../pictures.mjs'
import { startReference } from '../reference.mjs'
import { openScorer } from '../scorer.mjs'
import { interleave } from '../statistics.mjs'

/** Rounds shorter than this say more of the clock than of the work. */
const ROUND_SECONDS = 0.5
/** A matrix round is long: with large models one or two must do. */
const MATRIX_SECONDS = 60
const MATRIX_SIDE = 16

/** @typedef {import('../bench.mjs').Context} Context */
/** @typedef {import('../reference.mjs').TorchDtype} TorchDtype */
/** @typedef {import('../reference.mjs').ReferenceReady & { dtype: TorchDtype, peak: number, pair: number[] }} ReferenceResult */

/**
 * One precision, beside one reference or none. Seconds, one a round.
 * @typedef {object} ScoringResult
 * @property {string} dtype
 * @property {TorchDtype} [reference]
 * @property {number[]} [pair] ours, one pair
 * @property {number[]} [referencePair] the reference's, in the same rounds
 * @property {number[]} [imageAlone] an image in the HP tower, batch 1
 * @property {number[]} [imageBatched] an image in the HP tower, the scorer's own batch size
 * @property {number[]} [imageListed] an image with both models, in a list of files
 * @property {number} batch the scorer's own
 * @property {string} device
 * @property {number[]} [matrix] ours, 16 images × 16 prompts with HP of each image
 * @property {number[]} [matrixReferencePair] one reference pair, measured just before each
 */

/**
 * The reference runs whenever there is one: it also tells its load time and peak memory.
 * @param {Context} context
 * @returns {Promise<{ ours: ScoringResult[], references: ReferenceResult[] }>}
 */
export async function measureScoring(context) {
  const { models, dtypes, reference, wants, terminal, where, pictures } = context
  const scored = wants.pairs || wants.matrix ? dtypes : []
  /** @type {ScoringResult[]} */
  const ours = []
  /** @type {ReferenceResult[]} */
  const references = []
  if (!reference) {
    for (const dtype of scored) ours.push(await measureDtype(context, dtype, undefined, true))
    return { ours, references }
  }
  // One after the other: two of them would not fit a machine that one fits.
  for (const torchDtype of /** @type {const} */ (['float32', 'bfloat16'])) {
    terminal.step(`Loading the reference in ${torchDtype}`)
    const { child, ready } = await startReference(reference, { mode: 'scores', models: models.official, dtype: torchDtype, threads: where.threads })
    const pair = []
    for (const dtype of scored) {
      const result = await measureDtype(context, dtype, { child, dtype: torchDtype }, torchDtype === 'float32')
      pair.push(...(result.referencePair ?? []))
      ours.push(result)
    }
    // It has reached its peak once it has scored.
    if (scored.length === 0) await child.ask({ do: 'pairs', pairs: [{ image: pictures[0], prompt: prompt(0) }] })
    references.push({ ...ready, dtype: torchDtype, peak: (await child.ask({ do: 'memory' })).peak, pair })
    await child.end()
  }
  return { ours, references }
}

/**
 * @param {Context} context
 * @param {import('../models.mjs').Dtype} dtype
 * @param {{ child: import('../child.mjs').Child, dtype: TorchDtype } | undefined} reference
 * @param {boolean} throughput images a second need no reference, and are measured once
 * @returns {Promise<ScoringResult>}
 */
async function measureDtype({ models, pictures, where, runs, wants, terminal, signal }, dtype, reference, throughput) {
  terminal.step(`Scoring in ${dtype}${reference ? ` beside the reference in ${reference.dtype}` : ''}`)
  const { child, opened } = await openScorer({ model: /** @type {string} */ (models.folders[dtype]), dtype, image: pictures[0], where })
  const nextPairs = pairsOf(pictures)
  const onRound = (/** @type {number} */ round) => terminal.detail(`round ${round + 1} of ${runs}`)
  /** @type {ScoringResult} */
  const result = { dtype, batch: 0, device: opened.info.device, ...(reference ? { reference: reference.dtype } : {}) }

  const probe = await child.ask({ do: 'pairs', pairs: nextPairs(2) })
  const count = Math.max(1, Math.min(16, Math.ceil(ROUND_SECONDS / (probe.seconds / 2))))
  const ask = async (/** @type {import('../child.mjs').Child} */ side, /** @type {object[]} */ pairs) => (await side.ask({ do: 'pairs', pairs })).seconds / pairs.length

  if (wants.pairs) {
    // Both sides get the same pairs in a round, and fresh ones in the next.
    let pairs = nextPairs(count)
    const rounds = await interleave(
      { pair: () => ask(child, pairs), ...(reference ? { referencePair: () => ask(reference.child, pairs) } : {}) },
      { runs, signal, onRound, prepare: () => (pairs = nextPairs(count)) },
    )
    Object.assign(result, rounds)
  }

  const list = await child.ask({ do: 'list', images: pictures.slice(0, 4), prompt: prompt(0) })
  result.batch = (await child.ask({ do: 'info' })).info.batchSize
  if (wants.pairs && throughput) Object.assign(result, await measureThroughput(child, result.batch, list.seconds / 4, { pictures, runs, signal, onRound }))
  if (wants.matrix) Object.assign(result, await measureMatrix(child, reference?.child, nextPairs, { pictures, runs, signal, onRound }))
  await child.end()
  return result
}

/**
 * @param {import('../child.mjs').Child} child
 * @param {number} batch
 * @param {number} estimate seconds an image with both models
 * @param {{ pictures: string[], runs: number, signal: AbortSignal, onRound: (round: number) => void }} options
 */
async function measureThroughput(child, batch, estimate, { pictures, runs, signal, onRound }) {
  const enough = (/** @type {number} */ images) => Math.max(1, Math.ceil(ROUND_SECONDS / (images * estimate)))
  const images = Array.from({ length: batch * Math.max(2, enough(batch)) }, (_, i) => pictures[i % pictures.length])
  const ready = async (/** @type {number} */ size, /** @type {number} */ count) =>
    (await child.ask({ do: 'ready', images: pictures.slice(0, 4), batch: size, runs: count })).seconds / (size * count)
  const rounds = await interleave({
    imageAlone: () => ready(1, enough(1)),
    imageBatched: () => ready(batch, enough(batch)),
    imageListed: async () => (await child.ask({ do: 'list', images, prompt: prompt(1) })).seconds / images.length,
  }, { runs, signal, onRound })
  return rounds
}

/**
 * @param {import('../child.mjs').Child} child
 * @param {import('../child.mjs').Child | undefined} reference
 * @param {(count: number) => object[]} nextPairs
 * @param {{ pictures: string[], runs: number, signal: AbortSignal, onRound: (round: number) => void }} options
 */
async function measureMatrix(child, reference, nextPairs, { pictures, runs, signal, onRound }) {
  const images = Array.from({ length: MATRIX_SIDE }, (_, i) => pictures[i % pictures.length])
  const prompts = Array.from({ length: MATRIX_SIDE }, (_, i) => prompt(16 * i + i))
  const matrix = []
  const matrixReferencePair = []
  for (let round = 0; round === 0 || (round < runs && matrix.reduce((a, b) => a + b, 0) < MATRIX_SECONDS); round++) {
    signal.throwIfAborted()
    onRound(round)
    if (reference) matrixReferencePair.push((await reference.ask({ do: 'pairs', pairs: nextPairs(2) })).seconds / 2)
    matrix.push((await child.ask({ do: 'matrix', images, prompts })).seconds)
  }
  return { matrix, ...(reference ? { matrixReferencePair } : {}) }
}
