import { existsSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import type { Environment } from '../base/environment.ts'
import { workerUrl } from '../worker/worker-url-node.ts'
import { bundledFolder } from './bundled-folder-node.ts'

/** The model that runs where none is named. */
export interface DefaultModel {
  readonly source: string
  /** What the user should know of it. */
  readonly notes: readonly string[]
}

export const DEMO_NOTE: string =
  'no official model is here, so the small demo model that comes with icthp runs, which is not the published one; ' +
  '`npx icthp pull` fetches the official models'

/**
 * `$ICTHP_MODEL`, else what `icthp pull` has left, else the demo model of the package. Where there is none of them, the
 * folder of `icthp pull`, so that the error on opening it says what to do. Throws `DeviceError` `runtime_missing` where a
 * bundler has taken icthp out of its package, and with it from the demo model.
 */
export function findDefaultModel(
  env: Environment = process.env,
  demo: string | undefined = bundledFolder('demo'),
): DefaultModel {
  const official = defaultModelFolder(env)
  if (env['ICTHP_MODEL'] || existsSync(official)) return { source: official, notes: [] }
  if (demo === undefined) {
    // A bundle has neither its workers nor its model beside it.
    workerUrl('ort')
    return { source: official, notes: [] }
  }
  return { source: demo, notes: [DEMO_NOTE] }
}

/** Where `icthp pull` puts what it converts. */
export function defaultModelFolder(env: Environment = process.env): string {
  return (
    env['ICTHP_MODEL'] ||
    join(env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'icthp', 'models', 'official')
  )
}
