// Our side: one precision, loaded in a fresh process.
import { fileURLToPath } from 'node:url'
import { Child } from './child.mjs'
import { prompt } from './pictures.mjs'

const script = fileURLToPath(new URL('scorer-child.mjs', import.meta.url))

/**
 * Starts the process, loads the models and scores a first pair. `opened` has importSeconds; loadSeconds, of both models;
 * firstSeconds, of the first pair; sinceStart, from the start of the process to the first score; and the scorer's info.
 */
export async function openScorer({ models, pictures, where }, dtype, kinds = ['ict', 'hp'], options = {}) {
  const child = new Child(`icthp in ${dtype}`, process.execPath, [script])
  const opened = await child.ask({
    do: 'open',
    model: models.folders[dtype],
    kinds,
    first: { image: pictures[0], prompt: prompt(255) },
    options: { dtype, ...where, ...options },
  })
  return { child, opened }
}
