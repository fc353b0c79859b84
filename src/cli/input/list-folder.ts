import type { Dirent } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { sep } from 'node:path'
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
    const decoded = entries.map(({ name }) => decodeName(name))
    const looksAlike = twiceIn(decoded)
    const above = shown === '' ? '' : shown + sep
    for (const [i, { text, exact }] of decoded.entries()) {
      const entry = entries[i]!
      if (text.startsWith('.')) continue
      const needsRaw = isRaw || !exact
      const path = above + (exact || !looksAlike(text) ? text : escapeName(entry.name))
      if (entry.isDirectory()) {
        if (recursive) await visit(joinRaw(at, entry.name), path, needsRaw)
      } else if ((entry.isFile() || entry.isSymbolicLink()) && isImage(text)) {
        files.push(needsRaw ? { path, raw: joinRaw(at, entry.name) } : { path })
      }
    }
  }
  await visit(Buffer.from(folder), '', typeof folder !== 'string')
  return { files: files.sort((a, b) => naturally(a.path, b.path)), unread }
}

const isImage = (name: string): boolean => {
  const dot = name.lastIndexOf('.')
  return dot > 0 && EXTENSIONS.has(name.slice(dot).toLowerCase())
}

/** Whether a name that is not exact is how several names decode. */
function twiceIn(
  names: readonly { readonly text: string; readonly exact: boolean }[],
): (text: string) => boolean {
  if (names.every(({ exact }) => exact)) return () => false
  const seen = new Set<string>()
  const twice = new Set<string>()
  for (const { text } of names) (seen.has(text) ? twice : seen).add(text)
  return (text) => twice.has(text)
}

const PARTS = /[\\/]/
const collator = new Intl.Collator('en', { numeric: true })

/** `a2` before `a10`, folder by folder. */
export function naturally(a: string, b: string): number {
  const isPath = PARTS.test(a) || PARTS.test(b)
  if (!isPath) return collator.compare(a, b) || (a < b ? -1 : 1)
  const [left, right] = [a.split(PARTS), b.split(PARTS)]
  for (let i = 0; i < Math.min(left.length, right.length); i++) {
    const order = collator.compare(left[i]!, right[i]!)
    if (order !== 0) return order
  }
  return left.length - right.length || (a < b ? -1 : 1)
}
