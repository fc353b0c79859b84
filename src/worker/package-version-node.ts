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
  for (let folder = dirname(file); folder !== dirname(folder); folder = dirname(folder)) {
    if (basename(folder) !== name) continue
    const { version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { version: string }
    return version
  }
  return undefined
}
