// From the start of a process to the first score, and the memory that it holds, each in fresh processes.
import { openScorer } from '../scorer.mjs'
import { pairsOf, prompt } from '../pictures.mjs'

/** @typedef {import('../bench.mjs').Context} Context */

/** @typedef {{ dtype: string, bytes: number, importSeconds: number[], loadSeconds: number[], firstSeconds: number[], sinceStart: number[] }} LoadResult */

/**
 * The first start is thrown away: it reads the files from disk, later ones from the system's cache, as a second use does.
 * @param {Context} context
 * @returns {Promise<(LoadResult & { cold: number })[]>}
 */
export async function measureLoad({ models, dtypes, pictures, where, runs, terminal, signal }) {
  const results = []
  for (const dtype of dtypes) {
    terminal.step(`Loading in ${dtype}`)
    /** @type {LoadResult & { cold: number }} */
    const result = { dtype, bytes: 0, cold: 0, importSeconds: [], loadSeconds: [], firstSeconds: [], sinceStart: [] }
    for (let round = -1; round < runs; round++) {
      signal.throwIfAborted()
      if (round >= 0) terminal.detail(`round ${round + 1} of ${runs}`)
      const { child, opened } = await openScorer({ model: /** @type {string} */ (models.folders[dtype]), dtype, image: pictures[0], where })
      await child.end()
      if (round < 0) {
        result.cold = opened.sinceStart
        continue
      }
      for (const name of /** @type {const} */ (['importSeconds', 'loadSeconds', 'firstSeconds', 'sinceStart'])) result[name].push(opened[name])
    }
    results.push(result)
  }
  return results
}

/**
 * Peaks in bytes: once both models are loaded and have scored pairs, as the reference's; and after batches.
 * @typedef {object} MemoryResult
 * @property {string} dtype
 * @property {readonly string[]} kinds
 * @property {import('../memory.mjs').Memory} pairs
 * @property {import('../memory.mjs').Memory} batches
 * @property {number} batch
 */

/**
 * @param {Context} context
 * @returns {Promise<MemoryResult[]>}
 */
export async function measureMemory({ models, dtypes, pictures, where, terminal, signal }) {
  const cases = dtypes.flatMap((dtype) => [
    { dtype, kinds: /** @type {('ict' | 'hp')[]} */ (['ict', 'hp']) },
    ...(dtype === 'fp32' ? [{ dtype, kinds: /** @type {('ict' | 'hp')[]} */ (['hp']) }] : []),
  ])
  const results = []
  for (const { dtype, kinds } of cases) {
    signal.throwIfAborted()
    terminal.step(`Memory in ${dtype}, ${kinds.join(' and ').toUpperCase()}`)
    const { child } = await openScorer({ model: /** @type {string} */ (models.folders[dtype]), dtype, image: pictures[0], where, kinds, watched: true })
    await child.ask({ do: 'pairs', pairs: pairsOf(pictures)(4) })
    const pairs = await child.ask({ do: 'memory' })
    const { batchSize } = (await child.ask({ do: 'info' })).info
    const images = Array.from({ length: 2 * batchSize }, (_, i) => pictures[i % pictures.length])
    await child.ask(kinds.includes('ict') ? { do: 'list', images, prompt: prompt(0) } : { do: 'folder', images })
    const batches = await child.ask({ do: 'memory' })
    const { info } = await child.ask({ do: 'info' })
    await child.end()
    results.push({ dtype, kinds, pairs, batches, batch: info.batchSize })
  }
  return results
}
