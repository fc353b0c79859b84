import type { Dirent } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { extname, join } from 'node:path'
import { decodeName, escapeName, joinRaw } from './raw-path.ts'

/** What a folder's images are known by. */
const EXTENSIONS: ReadonlySet<string> = new Set([
  '.jpg',
  '.jpeg',
  '.jpe',
  '.jfif',
  '.png',
  '.apng',
  '.webp',
  '.gif',
  '.bmp',
  '.dib',
  '.tif',
  '.tiff',
  '.avif',
])

/** A file of a folder: its path from there as it is shown, and its bytes where they are not that text's. */
export interface ListedFile {
  readonly path: string
  readonly raw?: Buffer
}

export interface Listing {
  readonly files: readonly ListedFile[]
  /** Folders that could not be read, with the reason. */
  readonly unread: readonly { readonly path: string; readonly error: NodeJS.ErrnoException }[]
}

/** The images in a folder by their names, hidden ones left out, in natural order; with `recursive` those below, too. */
export async function listFolder(folder: string | Buffer, recursive: boolean): Promise<Listing> {
  const files: ListedFile[] = []
  const unread: Listing['unread'][number][] = []
  const visit = async (at: Buffer, shown: string, isRaw: boolean): Promise<void> => {
    let entries: Dirent<Buffer>[]
    try {
      entries = await readdir(at, { withFileTypes: true, encoding: 'buffer' })
    } catch (error) {
      unread.push({ path: shown, error: error as NodeJS.ErrnoException })
      return
    }
    const texts = new Map<string, number>()
    for (const { name } of entries) {
      const { text } = decodeName(name)
      texts.set(text, (texts.get(text) ?? 0) + 1)
    }
    for (const entry of entries) {
      const { text, exact } = decodeName(entry.name)
      if (text.startsWith('.')) continue
      const raw = joinRaw(at, entry.name)
      const path = join(shown, exact || texts.get(text) === 1 ? text : escapeName(entry.name))
      const needsRaw = isRaw || !exact
      if (entry.isDirectory()) {
        if (recursive) await visit(raw, path, needsRaw)
      } else if ((entry.isFile() || entry.isSymbolicLink()) && EXTENSIONS.has(extname(text).toLowerCase())) {
        files.push({ path, ...(needsRaw ? { raw } : {}) })
      }
    }
  }
  await visit(Buffer.from(folder), '', typeof folder !== 'string')
  return { files: files.sort((a, b) => naturally(a.path, b.path)), unread }
}

const collator = new Intl.Collator('en', { numeric: true })

/** `a2` before `a10`, folder by folder. */
export function naturally(a: string, b: string): number {
  const [left, right] = [a.split(/[\\/]/), b.split(/[\\/]/)]
  for (let i = 0; i < Math.min(left.length, right.length); i++) {
    const order = collator.compare(left[i]!, right[i]!)
    if (order !== 0) return order
  }
  return left.length - right.length || (a < b ? -1 : 1)
}
