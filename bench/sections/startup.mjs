// What a start costs before any model is read: Node alone, with the library, and the command line.
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { root } from '../build.mjs'
import { pairsOf } from '../pictures.mjs'
import { interleave, seconds } from '../statistics.mjs'

const run = promisify(execFile)

/** @typedef {import('../bench.mjs').Context} Context */

/**
 * Seconds of a whole process, one a round.
 * @param {Context} context
 * @returns {Promise<Record<'node' | 'library' | 'version' | 'score', number[]>>}
 */
export async function measureStartup({ models, dtypes, pictures, where, runs, terminal, signal }) {
  terminal.step('Starting processes')
  const cli = join(root, 'dist/cli/icthp.js')
  const [{ image, prompt }] = pairsOf(pictures)(1)
  const start = (/** @type {string[]} */ ...args) => () => seconds(() => run(process.execPath, args, { cwd: root, signal }))
  const threads = where.threads ? ['--threads', String(where.threads)] : []
  const model = ['--model', /** @type {string} */ (models.folders[dtypes[0]]), '--dtype', dtypes[0], '--device', where.device]
  return interleave(
    {
      node: start('-e', ''),
      library: start('--input-type=module', '-e', "await import('icthp/node')"),
      version: start(cli, '--version'),
      score: start(cli, 'score', image, '--prompt', prompt, ...model, ...threads, '--json'),
    },
    { runs, signal },
  )
}
