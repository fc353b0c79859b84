import { readdir as readFolder } from 'node:fs/promises'
import { isAbsolute, join, resolve } from 'node:path'
import type { FileSystemAdapter } from 'tinyglobby'
import type { FoundImage, ImageFailure } from '../named-image.ts'
import { fail, type Found, lastPart, look, unreadFolder } from './found.ts'
import { naturally } from './list-folder.ts'
import { RawFile } from './raw-file.ts'
import { escapeName, findRawPaths, LOST } from './raw-path.ts'

export async function expandGlob(arg: string, name: string, cwd: string): Promise<Found> {
  const { glob, isDynamicPattern } = await import('tinyglobby')
  const pattern = process.platform === 'win32' ? arg.replaceAll('\\', '/') : arg
  if (!isDynamicPattern(pattern))
    return fail(name, 'image_not_found', `There is no image ${name}. Check the path.`)
  const failures: ImageFailure[] = []
  const matches = await glob(pattern, {
    cwd,
    absolute: isAbsolute(arg),
    onlyFiles: true,
    expandDirectories: false,
    fs: watchedReaddir((folder, error) =>
      failures.push(unreadFolder(shownFrom(cwd, folder, isAbsolute(arg)), error)),
    ),
  })
  const images: FoundImage[] = []
  for (const [path, times] of timesOf(matches.sort(naturally))) {
    const raws = path.includes(LOST) && (await look(resolve(cwd, path))).kind === 'nothing'
    if (!raws) images.push({ name: path, input: resolve(cwd, path) })
    else {
      const found = await findRawPaths(resolve(cwd, path))
      for (const raw of found.slice(0, times)) {
        const shown = found.length === 1 ? path : join(path, '..', escapeName(lastPart(raw)))
        images.push({ name: shown, input: new RawFile(shown, raw) })
      }
    }
  }
  if (images.length > 0 || failures.length > 0) return { images, failures }
  return fail(name, 'image_not_found', `No file matches ${name}.`)
}

function timesOf(paths: readonly string[]): Map<string, number> {
  const times = new Map<string, number>()
  for (const path of paths) times.set(path, (times.get(path) ?? 0) + 1)
  return times
}

function shownFrom(cwd: string, folder: string, absolute: boolean): string {
  const path = resolve(cwd, folder)
  return !absolute && path.startsWith(resolve(cwd)) ? path.slice(resolve(cwd).length + 1) || '.' : path
}

/**
 * The walk of a glob skips what it cannot read, without a word, and looks for folders by their decoded names. This one tells
 * the first, and finds the second by their bytes.
 */
function watchedReaddir(onError: (folder: string, error: NodeJS.ErrnoException) => void): FileSystemAdapter {
  const readdir = (
    path: string,
    options: { withFileTypes: true },
    done: (error: Error | null, entries?: unknown[]) => void,
  ): void => {
    const read = async (): Promise<unknown[]> => {
      try {
        return await readFolder(path, options)
      } catch (error) {
        const [raw] = path.includes(LOST) ? await findRawPaths(path) : []
        if (raw) return readFolder(raw, options)
        throw error
      }
    }
    read().then(
      (entries) => done(null, entries),
      (error: NodeJS.ErrnoException) => {
        if (error.code !== 'ENOENT' && error.code !== 'ENOTDIR') onError(path, error)
        done(error)
      },
    )
  }
  return { readdir: readdir as unknown as NonNullable<FileSystemAdapter['readdir']> }
}
