import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/**
 * A folder of the package's `models/`, seen from `dist/` and from source; `undefined` where it is missing, or where a
 * bundler has taken icthp out of its package.
 */
export function bundledFolder(name: 'demo' | 'calibration'): string | undefined {
  if (!(import.meta.url as string | undefined)?.startsWith('file:')) return undefined
  const here = dirname(fileURLToPath(import.meta.url))
  const source = /^(.*)[\\/]src[\\/]models$/.exec(here)?.[1]
  if (source !== undefined) return join(source, 'models', name)
  // Each path is written out where it is looked for: so tracers of deployments (@vercel/nft) find the folders.
  if (name === 'demo')
    return existsSync(join(here, '../models/demo')) ? join(here, '../models/demo') : undefined
  const calibration = join(here, '../models/calibration')
  return existsSync(calibration) ? calibration : undefined
}
