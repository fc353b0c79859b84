import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** The files of a folder of fixtures and of those in it, in order of their names. */
export function corpusOf(folder: string, names: RegExp): (readonly [name: string, bytes: Uint8Array])[] {
  const root = fileURLToPath(new URL(`../fixtures/${folder}/`, import.meta.url))
  return readdirSync(root, { recursive: true, encoding: 'utf8' })
    .map((name) => name.replaceAll('\\', '/'))
    .filter((name) => names.test(name))
    .sort()
    .map((name) => [name, new Uint8Array(readFileSync(root + name))] as const)
}
