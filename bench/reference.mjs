// The other side: the Python reference, in a process that loads its models once and then works a round at a time.
import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Child } from './child.mjs'
import { UsageError } from './terminal.mjs'

const driver = fileURLToPath(new URL('reference-driver.py', import.meta.url))
/** Where it lies for people who work on this project. */
const usualScript = fileURLToPath(new URL('../../shared/reference/reference.py', import.meta.url))

/** @typedef {{ python: string, script: string }} Reference */
/** @typedef {'float32' | 'bfloat16' | 'float16'} TorchDtype */

/**
 * @typedef {object} ReferenceReady
 * @property {number} importSeconds Python's own imports
 * @property {number} [loadSeconds] its models
 * @property {number} threads
 * @property {Record<string, string>} versions
 * @property {string} [attention]
 * @property {string} [card]
 */

/**
 * @param {string | undefined} python
 * @param {string | undefined} given
 * @returns {Reference | undefined}
 */
export function findReference(python, given) {
  if (python === undefined) {
    if (given !== undefined) throw new UsageError('--reference-script needs --reference PYTHON, the Python to run it with.')
    return undefined
  }
  const script = given ?? usualScript
  if (!existsSync(script)) {
    throw new UsageError(given === undefined
      ? 'Say which script is the reference: --reference-script FILE, a reference.py with the classes Reference and processor.'
      : `--reference-script ${given} is not there.`)
  }
  return { python, script: resolve(script) }
}

/**
 * Starts a driver. `scores` loads the models on the CPU, `gpu` on the first CUDA device, `pixels` only the preprocessing.
 * @param {Reference} reference
 * @param {{ mode: 'scores' | 'gpu' | 'pixels', models?: string, dtype?: TorchDtype, threads?: number | undefined }} settings
 * @returns {Promise<{ child: Child, ready: ReferenceReady }>}
 */
export async function startReference({ python, script }, settings) {
  const name = `the reference${settings.dtype ? ` in ${settings.dtype}` : ''}`
  const env = settings.threads ? { OMP_NUM_THREADS: String(settings.threads) } : {}
  const child = new Child(name, python, [driver, JSON.stringify({ script, ...settings })], env)
  return { child, ready: await child.answer() }
}
