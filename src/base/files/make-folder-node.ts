import { mkdir, stat } from 'node:fs/promises'
import { dirname } from 'node:path'

/**
 * Makes a folder, and those above it that are not there; gives the topmost that it made, or undefined where all are there. As
 * `mkdir` with `recursive`, which tries for ever where a file system says of a new folder that it is not there (`/proc/x`).
 * Rejects with the system's error.
 */
export async function makeFolder(path: string): Promise<string | undefined> {
  try {
    await mkdir(path)
    return path
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') return existing(path, error)
    const parent = dirname(path)
    if (parent === path) throw error
    const first = await makeFolder(parent)
    await mkdir(path).catch((again: unknown) => existing(path, again))
    return first ?? path
  }
}

/** Nothing was to be made where a folder is there; else the error counts. */
async function existing(path: string, error: unknown): Promise<undefined> {
  const there = await stat(path).catch(() => undefined)
  if (!there?.isDirectory()) throw error
}
