import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { isFolder } from '../../base/files/is-folder-node.ts'
import type { StoredObject } from './store.ts'

/** Files whose sizes are asked for together. */
const LOOKED_AT = 64

/** What Node reads where bytes of a name are not UTF-8: the file is not found by what is read, but it is there. */
const LOST = '\ufffd'

export interface Walk {
  readonly root: string
  readonly prefix: string
  readonly signal: AbortSignal | undefined
  /** Undefined for what is no file. */
  sizeOf(key: string): Promise<number | undefined>
  /** What to throw where a folder cannot be read. */
  failed(folder: string, cause: unknown): Error
}

/** The files of a folder and of those below whose keys begin with the prefix, in the order of their keys. */
export async function* walkFolder(folder: string, walk: Walk): AsyncIterable<StoredObject> {
  const { prefix, signal } = walk
  signal?.throwIfAborted()
  const entries = await entriesOf(folder, walk)
  for (let at = 0; at < entries.length; at += LOOKED_AT) {
    const some = entries.slice(at, at + LOOKED_AT)
    const sizes = await Promise.all(
      some.map(({ name, isFolder }) =>
        isFolder || !(folder + name).startsWith(prefix) ? undefined : walk.sizeOf(folder + name),
      ),
    )
    for (const [i, { name, isFolder }] of some.entries()) {
      const key = folder + name
      const size = sizes[i]
      if (size !== undefined) yield { key, size }
      else if (isFolder && (`${key}/`.startsWith(prefix) || prefix.startsWith(`${key}/`)))
        yield* walkFolder(`${key}/`, walk)
      // Told by whoever opens it, and not left out.
      else if (!isFolder && name.includes(LOST) && key.startsWith(prefix)) yield { key, size: 0 }
    }
  }
}

/** Sorted as whole keys are: a folder's name counts with its slash. */
async function entriesOf(
  folder: string,
  { root, failed }: Walk,
): Promise<{ readonly name: string; readonly isFolder: boolean }[]> {
  try {
    const entries = await readdir(join(root, folder), { withFileTypes: true })
    const found = await Promise.all(
      entries
        .filter(({ name }) => !name.startsWith('.'))
        .map(async (entry) => ({ name: entry.name, isFolder: await isFolderAt(join(root, folder), entry) })),
    )
    const order = ({ name, isFolder }: (typeof found)[number]): string => (isFolder ? `${name}/` : name)
    return found.sort((a, b) => (order(a) < order(b) ? -1 : 1))
  } catch (cause) {
    if (isMissing(cause) && !folder.includes(LOST)) return []
    throw failed(folder, cause)
  }
}

async function isFolderAt(
  folder: string,
  entry: { readonly name: string; isDirectory(): boolean; isSymbolicLink(): boolean },
): Promise<boolean> {
  if (!entry.isSymbolicLink()) return entry.isDirectory()
  // A link to nowhere is no object either: its size is undefined.
  return isFolder(join(folder, entry.name))
}

/** Whether the system says that something is not there. */
export const isMissing = (error: unknown): boolean =>
  ['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')
