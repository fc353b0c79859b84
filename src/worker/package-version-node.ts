import { readFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { resolvePackage } from './resolve-package-node.ts'

/** The version of an installed package, without loading it; `undefined` where there is none to be seen. */
export function packageVersion(name: string): string | undefined {
  try {
    return versionAt(resolvePackage(name), name)
  } catch {
    // Not installed, or installed in a way that hides its files.
    return undefined
  }
}

/** The version of the package that a file lies in; `undefined` where no folder above it has the package's name. */
export function versionAt(file: string, name: string): string | undefined {
  // Not a `for` whose body ends by returning: Turbopack then takes its last clause for dead, and leaves `dirname` unbound.
  let folder = dirname(file)
  while (folder !== dirname(folder)) {
    if (basename(folder) === name) {
      const text = readFileSync(join(folder, 'package.json'), 'utf8')
      return (JSON.parse(text) as { version: string }).version
    }
    folder = dirname(folder)
  }
  return undefined
}
