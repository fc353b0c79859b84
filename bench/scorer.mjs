// Our side of a comparison: one precision, loaded in a fresh process.
import { fileURLToPath } from 'node:url'
import { Child } from './child.mjs'
import { prompt } from './pictures.mjs'

const script = fileURLToPath(new URL('scorer-child.mjs', import.meta.url))

/**
 * @typedef {object} Opened
 * @property {number} importSeconds
 * @property {number} loadSeconds of both models, from the first to the last `fromPretrained`
 * @property {number} firstSeconds the first pair, when they are loaded
 * @property {number} sinceStart from the start of the process to the first score
 * @property {import('../src/scorers/scorer-options.ts').ScorerInfo} info
 */

/** @typedef {{ device: string, threads: number | undefined }} Where */

/**
 * Starts the process, loads the models and scores a first pair.
 * @param {{ model: string, dtype: string, image: string, where: Where, kinds?: readonly ('ict' | 'hp')[], watched?: boolean }} options
 * @returns {Promise<{ child: Child, opened: Opened }>}
 */
export async function openScorer({ model, dtype, image, where, kinds = ['ict', 'hp'], watched = false }) {
  const child = new Child(`icthp in ${dtype}`, process.execPath, [script])
  const opened = await child.ask({ do: 'open', model, dtype, ...where, kinds, watched, first: { image, prompt: prompt(255) } })
  return { child, opened }
}
