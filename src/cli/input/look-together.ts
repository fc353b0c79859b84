import type { Dir } from 'node:fs'
import { opendir } from 'node:fs/promises'
import { resolve, sep } from 'node:path'
import { isUrl } from './image-url.ts'
import { LOST } from './raw-path.ts'

/** Paths of a folder from which on it is cheaper to read the folder than to ask for each of them. */
const MANY = 64

/**
 * Those of many paths that are files, by how they were given, with where they are: each folder that many of them are in is read once,
 * which takes a tenth of the time that asking for each takes. What is not among them may still be a file.
 */
export async function filesAmong(
  paths: readonly string[],
  cwd: string,
  signal?: AbortSignal,
): Promise<ReadonlyMap<string, string>> {
  const counts = new Map<string, number>()
  if (paths.length >= MANY)
    for (const path of paths) {
      const folder = folderOf(path)
      if (folder !== undefined) counts.set(folder, (counts.get(folder) ?? 0) + 1)
    }
  const files = new Map<string, string>()
  for (const [folder, count] of counts) {
    signal?.throwIfAborted()
    if (count >= MANY) await readFolder(folder, resolve(cwd, folder), count, files)
  }
  return files
}

/** With its separator at its end; undefined where it is for others to look at. */
function folderOf(path: string): string | undefined {
  if (isUrl(path) || path.includes(LOST)) return undefined
  return path.slice(0, Math.max(path.lastIndexOf('/'), path.lastIndexOf(sep)) + 1)
}

async function readFolder(
  folder: string,
  at: string,
  wanted: number,
  files: Map<string, string>,
): Promise<void> {
  const base = at.endsWith(sep) ? at : at + sep
  // The few of a folder of millions are asked for one by one.
  let left = 4 * wanted + 1000
  try {
    const entries: Dir = await opendir(at, { bufferSize: 1024 })
    for await (const entry of entries) {
      if (entry.isFile()) files.set(folder + entry.name, base + entry.name)
      if (--left === 0) break
    }
  } catch {
    // Why it cannot be read is told of each path.
  }
}
