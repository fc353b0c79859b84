// The other side: the Python reference, in a process that loads its models once and then works a round at a time.
import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Child } from './child.mjs'
import { UsageError } from './terminal.mjs'

const driver = fileURLToPath(new URL('reference-driver.py', import.meta.url))
/** Where it lies for people who work on this project. */
const usualScript = fileURLToPath(new URL('../../shared/reference/reference.py', import.meta.url))

/** `{ python, script }`, or undefined where none is asked for. */
export function findReference(python, given) {
  if (python === undefined) return undefined
  const script = resolve(given ?? usualScript)
  if (existsSync(script)) return { python, script }
  throw new UsageError(
    given
      ? `--reference-script ${given} is not there.`
      : 'Say which script is the reference: --reference-script FILE, with the classes Reference and processor.',
  )
}

/**
 * Starts a driver. Its `mode` is `scores` (models on the CPU), `gpu` (HP on the first CUDA device) or `pixels` (preprocessing
 * only); `models`, `dtype` and `threads` go with the first two. `ready` says what it took: importSeconds, loadSeconds, versions.
 */
export async function startReference({ python, script }, { mode, models, dtype, threads }) {
  const env = threads ? { OMP_NUM_THREADS: String(threads) } : {}
  const child = new Child(
    `the reference${dtype ? ` in ${dtype}` : ''}`,
    python,
    [driver, JSON.stringify({ script, mode, models, dtype, threads })],
    env,
  )
  return { child, ready: await child.answer() }
}
