import { open, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { isFolder } from '../../base/files/is-folder-node.ts'
import { readWholeFile } from '../../base/files/read-file-node.ts'
import { sniffImage } from '../../image/sniff.ts'
import { decodeText } from '../../text/decode-text.ts'
import type { FolderEntry, FolderView } from './folder-view.ts'

/** Of tables of millions of rows. */
const MAX_BYTES = 2 ** 28
/** A header with what stands before it. */
const HEADER_BYTES = 2 ** 16

const natural = new Intl.Collator('en', { numeric: true })

/** A folder on the disk, under the name that the user knows. Each folder in it is read once. */
export function nodeFolder(path: string, name: string, signal?: AbortSignal): FolderView {
  const listed = new Map<string, Promise<readonly FolderEntry[]>>()
  const nameOf = (file: string): string => join(name, file)
  return {
    nameOf,
    list: (folder) => {
      let entries = listed.get(folder)
      if (!entries) listed.set(folder, (entries = entriesOf(join(path, folder))))
      return entries
    },
    readText: async (file) => {
      signal?.throwIfAborted()
      return decodeText(await readWholeFile(join(path, file), MAX_BYTES, signal), nameOf(file))
    },
    imageSize: async (file) => {
      const handle = await open(join(path, file))
      try {
        const { buffer, bytesRead } = await handle.read(Buffer.alloc(HEADER_BYTES), 0, HEADER_BYTES, 0)
        return sniffImage(buffer.subarray(0, bytesRead))
      } catch {
        // It is told when it is decoded.
        return undefined
      } finally {
        await handle.close()
      }
    },
  }
}

async function entriesOf(path: string): Promise<readonly FolderEntry[]> {
  let entries
  try {
    entries = await readdir(path, { withFileTypes: true })
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR') return []
    throw error
  }
  const list: FolderEntry[] = []
  for (const entry of entries) {
    if (entry.name.startsWith('.')) continue
    const isLink = entry.isSymbolicLink()
    const leads = isLink ? await isFolder(join(path, entry.name)) : entry.isDirectory()
    list.push({ name: entry.name, isFolder: leads })
  }
  return list.sort((a, b) => natural.compare(a.name, b.name) || (a.name < b.name ? -1 : 1))
}
