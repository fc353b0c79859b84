import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** A folder of the package's `models/`, seen from `dist/` or a folder in it, and from source; `undefined` where it is missing. */
export function bundledFolder(name: string): string | undefined {
  return ['../', '../../']
    .map((up) => fileURLToPath(new URL(`${up}models/${name}/`, import.meta.url)))
    .find((folder) => existsSync(folder))
}
