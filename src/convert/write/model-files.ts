import { readdir, readFile, rename, rmdir, unlink } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { MANIFEST_NAME } from '../../models/manifest.ts'

/** In a folder that is being written, or was replaced: without it, nothing there is taken for a leftover of ours. */
export const MARK = '.icthp-mark'
/** What file managers leave in every folder that they show. */
export const LITTER: readonly string[] = ['.DS_Store', 'Thumbs.db', 'desktop.ini']

/** Removes the files of a model, and its folders. What file managers left goes to `heir`, where it has such a folder. */
export async function removeModel(folder: string, heir: string): Promise<void> {
  const ours = await filesOfModel(folder)
  for (const name of await filesIn(folder)) {
    if (LITTER.includes(basename(name))) await rename(join(folder, name), join(heir, name)).catch(() => {})
  }
  await removeFiles(folder, (path) => path === MARK || (ours?.has(path) ?? false))
}

/**
 * Removes the files that are ours, and the folders that are empty then. What tells that they are ours goes last, so that a
 * run that is killed meanwhile leaves nothing that the next one cannot remove.
 */
export async function removeFiles(folder: string, isOurs: (path: string) => boolean): Promise<void> {
  const folders = new Set<string>()
  const names = (await filesIn(folder, folders)).filter(isOurs)
  for (const name of names) if (name !== MARK && name !== MANIFEST_NAME) await unlink(join(folder, name))
  for (const path of [...folders].sort((a, b) => b.length - a.length)) await removeEmpty(path)
  for (const name of [MANIFEST_NAME, MARK]) if (names.includes(name)) await unlink(join(folder, name))
  await removeEmpty(folder)
}

async function removeEmpty(folder: string): Promise<void> {
  await rmdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST' && error.code !== 'ENOENT') throw error
  })
}

/** Paths of all files, with `/`, links not followed. */
export async function filesIn(root: string, folders?: Set<string>): Promise<string[]> {
  const found: string[] = []
  const walk = async (below: string): Promise<void> => {
    for (const entry of await readdir(join(root, below), { withFileTypes: true })) {
      const path = below === '' ? entry.name : `${below}/${entry.name}`
      if (!entry.isDirectory()) found.push(path)
      else {
        folders?.add(join(root, path))
        await walk(path)
      }
    }
  }
  await walk('')
  return found.sort()
}

/** The files that the manifest of a model names, with their sha256, and it; `undefined` where there is none. */
export async function filesOfModel(folder: string): Promise<Map<string, string | undefined> | undefined> {
  const text = await readFile(join(folder, MANIFEST_NAME), 'utf8').catch(() => undefined)
  if (text === undefined) return undefined
  try {
    const { library, files } = JSON.parse(text) as { library?: unknown; files?: unknown }
    if (typeof library !== 'string' || typeof files !== 'object' || files === null) return undefined
    const listed = Object.entries(files as Record<string, { sha256?: string } | null>)
    return new Map([
      ...listed.map(([name, digest]) => [name, digest?.sha256] as const),
      [MANIFEST_NAME, undefined],
    ])
  } catch {
    return undefined
  }
}
