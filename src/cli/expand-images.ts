import { readdir, stat } from 'node:fs/promises'
import { extname, isAbsolute, join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { UsageError } from './exit-codes.ts'

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

/** One image to read. */
export interface NamedImage {
  /** As given, or as a glob or folder gave it; what results are labelled with. */
  readonly name: string
  /** What the decoder takes: an absolute path, or a URL. */
  readonly input: string | URL
}

/** An image that could not be read. */
export interface ImageFailure {
  readonly image: string
  readonly code: string
  readonly message: string
}

export interface ExpandedImages {
  readonly images: readonly NamedImage[]
  /** Arguments that lead to no image, though others do. */
  readonly failures: readonly ImageFailure[]
}

/**
 * Files, URLs, folders (the images in them) and globs (for where the shell did not expand them), in the order they were
 * given, each folder's and glob's in natural order. Throws `UsageError` where there is nothing to read at all.
 */
export async function expandImages(
  args: readonly string[],
  { cwd, recursive = false }: { readonly cwd: string; readonly recursive?: boolean | undefined },
): Promise<ExpandedImages> {
  const images: NamedImage[] = []
  const failures: ImageFailure[] = []
  for (const arg of args) {
    const found = await expandOne(arg, cwd, recursive)
    if (typeof found === 'string') failures.push({ image: arg, code: 'image_not_found', message: found })
    else images.push(...found)
  }
  if (images.length === 0) throw new UsageError(failures.map(({ message }) => message).join('\n'))
  return { images, failures }
}

async function expandOne(arg: string, cwd: string, recursive: boolean): Promise<NamedImage[] | string> {
  if (/^(https?|file):\/\//i.test(arg)) {
    if (!URL.canParse(arg)) return `${arg} is not a URL that can be read. Check its spelling.`
    const url = new URL(arg)
    return [{ name: arg, input: url.protocol === 'file:' ? fileURLToPath(url) : url }]
  }
  const file = (name: string): NamedImage => ({ name, input: resolve(cwd, name) })
  const found = await stat(resolve(cwd, arg)).catch(() => undefined)
  if (found?.isDirectory()) {
    const names = await imagesIn(resolve(cwd, arg), recursive)
    if (names.length > 0) return names.map((name) => file(join(arg, name)))
    return `The folder ${arg} holds no images.${recursive ? '' : ' With --recursive, the folders below it are searched, too.'}`
  }
  // Before globs: a file may well be called `a[1].png`.
  if (found) return [file(arg)]
  const { glob, isDynamicPattern } = await import('tinyglobby')
  const pattern = process.platform === 'win32' ? arg.replaceAll('\\', '/') : arg
  if (!isDynamicPattern(pattern)) return `There is no image ${arg}. Check the path.`
  const matches = await glob(pattern, {
    cwd,
    absolute: isAbsolute(arg),
    onlyFiles: true,
    expandDirectories: false,
  })
  return matches.length > 0 ? matches.sort(naturally).map(file) : `No file matches ${arg}.`
}

async function imagesIn(folder: string, recursive: boolean): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true, recursive })
  return entries
    .filter(
      (entry) =>
        (entry.isFile() || entry.isSymbolicLink()) && EXTENSIONS.has(extname(entry.name).toLowerCase()),
    )
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
    .filter((path) => !path.split(/[\\/]/).some((part) => part.startsWith('.')))
    .sort(naturally)
}

const collator = new Intl.Collator('en', { numeric: true })

/** `a2` before `a10`, folder by folder. */
function naturally(a: string, b: string): number {
  const [left, right] = [a.split(/[\\/]/), b.split(/[\\/]/)]
  for (let i = 0; i < Math.min(left.length, right.length); i++) {
    const order = collator.compare(left[i]!, right[i]!)
    if (order !== 0) return order
  }
  return left.length - right.length || (a < b ? -1 : 1)
}
