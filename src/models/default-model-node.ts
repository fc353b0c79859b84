import { homedir } from 'node:os'
import { join } from 'node:path'

/** Where `icthp pull` puts what it converts, and where `fromPretrained()` looks when no model is named. */
export function defaultModelFolder(env: NodeJS.ProcessEnv = process.env): string {
  return env['ICTHP_MODEL'] || join(env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'icthp', 'models', 'official')
}
