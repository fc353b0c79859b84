import { readdir } from 'node:fs/promises'
import { join, sep } from 'node:path'
import { decodeName, escapeName, joinRaw, LOST } from './raw-path.ts'

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
interface ListedFile {
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
  const visit = async (at: string | Buffer, shown: string): Promise<void> => {
    let entries: readonly Entry[]
    try {
      entries = await entriesOf(at)
    } catch (error) {
      unread.push({ path: shown, error: error as NodeJS.ErrnoException })
      return
    }
    const above = shown === '' ? '' : shown + sep
    for (const { name, shown: text, raw, dirent } of entries) {
      if (name.startsWith('.')) continue
      const path = above + text
      // Below a folder whose name is no text, all paths are bytes.
      const isRaw = raw !== undefined || typeof at !== 'string'
      const place = (): Buffer => joinRaw(Buffer.from(at), raw ?? Buffer.from(name))
      if (dirent.isDirectory()) {
        if (recursive) await visit(isRaw ? place() : join(at, name), path)
      } else if ((dirent.isFile() || dirent.isSymbolicLink()) && isImage(name))
        files.push(isRaw ? { path, raw: place() } : { path })
    }
  }
  await visit(folder, '')
  return { files: files.sort((a, b) => naturally(a.path, b.path)), unread }
}

interface Entry {
  readonly name: string
  /** The same, told from others that decode alike. */
  readonly shown: string
  /** Its bytes, where they are not those of its name. */
  readonly raw?: Buffer
  readonly dirent: { isFile(): boolean; isDirectory(): boolean; isSymbolicLink(): boolean }
}

/** Bytes are asked for where some name is not UTF-8: they cost ten times what names do. */
async function entriesOf(folder: string | Buffer): Promise<readonly Entry[]> {
  const dirents = await readdir(folder, { withFileTypes: true })
  if (!dirents.some(({ name }) => name.includes(LOST)))
    return dirents.map((dirent) => ({ name: dirent.name, shown: dirent.name, dirent }))
  const raws = await readdir(folder, { withFileTypes: true, encoding: 'buffer' })
  const decoded = raws.map(({ name }) => decodeName(name))
  const looksAlike = twiceIn(decoded)
  return raws.map((dirent, i) => {
    const { text: name, exact } = decoded[i]!
    const shown = exact || !looksAlike(name) ? name : escapeName(dirent.name)
    return { name, shown, dirent, ...(exact ? {} : { raw: dirent.name }) }
  })
}

const isImage = (name: string): boolean => {
  const dot = name.lastIndexOf('.')
  return dot > 0 && EXTENSIONS.has(name.slice(dot).toLowerCase())
}

/** Whether a name that is not exact is how several names decode. */
function twiceIn(
  names: readonly { readonly text: string; readonly exact: boolean }[],
): (text: string) => boolean {
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
