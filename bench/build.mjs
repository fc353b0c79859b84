// The benchmarks run what users run: dist/. It is built where it is missing or older than src/.
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = fileURLToPath(new URL('..', import.meta.url))
/** What the benchmarks make and keep: checkpoints, models, pictures. */
export const cache = join(root, '.cache/bench')

export function ensureBuilt(terminal) {
  const built = statSync(join(root, 'dist/node.js'), { throwIfNoEntry: false })?.mtimeMs ?? 0
  if (sources('src').every((path) => statSync(path).mtimeMs < built)) return
  terminal.step('Building dist/')
  execFileSync(process.execPath, [join(root, 'node_modules/tsup/dist/cli-default.js')], {
    cwd: root,
    stdio: ['ignore', 'ignore', 'inherit'],
  })
}

/** Says which code converts: models that other code wrote are converted again. */
export function conversionCode() {
  const hash = createHash('sha256')
  for (const path of [...sources('src/convert'), ...sources('src/models')].sort())
    hash.update(readFileSync(path))
  return hash.digest('hex').slice(0, 16)
}

function sources(folder) {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
}
