import { readFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { resolvePackage } from './resolve-package-node.ts'

/** The version of an installed package, without loading it; `undefined` where it is not installed. */
export async function packageVersion(name: string): Promise<string | undefined> {
  try {
    const entry = resolvePackage(name)
    for (let folder = dirname(entry); folder !== dirname(folder); folder = dirname(folder)) {
      if (basename(folder) !== name) continue
      const { version } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')) as {
        version: string
      }
      return version
    }
  } catch {
    // Not installed, or installed in a way that hides its files: either way there is no version to show.
  }
  return undefined
}
