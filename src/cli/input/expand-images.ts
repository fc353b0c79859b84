import { join, resolve } from 'node:path'
import { ImageError } from '../../base/errors.ts'
import { hidePasswords } from '../../base/hide-passwords.ts'
import { refuseLongText, shortName } from '../../image/inputs/not-a-path.ts'
import type { FoundImage, ImageFailure } from '../named-image.ts'
import { expandGlob } from './expand-glob.ts'
import { fail, type Found, lastPart, look, unreadFolder } from './found.ts'
import { isUrl, openUrl } from './image-url.ts'
import { listFolder } from './list-folder.ts'
import { filesAmong } from './look-together.ts'
import { noImages } from './named.ts'
import { RawFile } from './raw-file.ts'
import { escapeName, findRawPaths, LOST } from './raw-path.ts'
import { type Input, readStdin } from './read-stdin.ts'

export interface ExpandedImages {
  readonly images: readonly FoundImage[]
  /** Arguments that lead to no image though others do, and folders that could not be looked into. */
  readonly failures: readonly ImageFailure[]
}

export interface ExpandOptions {
  readonly cwd: string
  readonly recursive?: boolean | undefined
  /** What `-` stands for. */
  readonly stdin?: Input | undefined
  readonly signal?: AbortSignal | undefined
  /** Others may be named elsewhere. Default false. */
  readonly orNone?: boolean | undefined
}

/**
 * Files, URLs, folders (the images in them), globs (for where the shell did not expand them) and `-`, in the order they were
 * given, each folder's and glob's in natural order. Throws `UsageError` where there is nothing to read at all.
 */
export async function expandImages(args: readonly string[], options: ExpandOptions): Promise<ExpandedImages> {
  const images: FoundImage[] = []
  const failures: ImageFailure[] = []
  let stdin: Promise<Found> | undefined
  const expand = (arg: string, i: number): Promise<Found> =>
    arg === '-' ? (stdin ??= openStdin(options)) : expandOne(arg, options, () => occurrenceOf(args, i))
  const files = await filesAmong(args, options.cwd, options.signal)
  for (let at = 0; at < args.length;) {
    const arg = args[at]!
    const input = files.get(arg)
    if (input !== undefined) {
      images.push({ name: shortName(hidePasswords(arg)), input })
      at++
      continue
    }
    options.signal?.throwIfAborted()
    const some = args.slice(at, at + AT_ONCE).map((each, i) => expand(each, at + i))
    for (const found of await Promise.all(some)) {
      for (const image of found.images) images.push(image)
      for (const failure of found.failures) failures.push(failure)
    }
    at += some.length
  }
  if (images.length === 0 && !options.orNone) throw noImages(failures)
  return { images, failures }
}

/** Arguments that are looked at together: a shell may give tens of thousands. */
const AT_ONCE = 64

function occurrenceOf(args: readonly string[], i: number): Occurrence {
  const equal = (from: readonly string[]): number => from.filter((other) => other === args[i]).length
  return { nth: equal(args.slice(0, i)), of: equal(args) }
}

async function openStdin({ stdin, signal }: ExpandOptions): Promise<Found> {
  try {
    return { images: [{ name: '-', input: await readStdin(stdin, signal) }], failures: [] }
  } catch (error) {
    if (error instanceof ImageError) return fail('-', error.code, error.message)
    throw error
  }
}

/** Which of several equal arguments it is: names that are not UTF-8 can look alike. */
interface Occurrence {
  readonly nth: number
  readonly of: number
}

async function expandOne(arg: string, options: ExpandOptions, occurrence: () => Occurrence): Promise<Found> {
  const name = shortName(hidePasswords(arg))
  if (arg === '') {
    const why = 'The name of an image is empty: a variable may be. Give a path, or . for the working folder.'
    return fail(name, 'image_not_found', why)
  }
  if (isUrl(arg)) {
    const opened = openUrl(arg)
    if ('refused' in opened) return fail(name, opened.code, opened.refused)
    return {
      images: [{ name, input: 'raw' in opened ? new RawFile(name, opened.raw) : opened.input }],
      failures: [],
    }
  }
  const refused = refuseLongText(arg)
  if (refused) return fail(name, refused.code, refused.message)
  const path = resolve(options.cwd, arg)
  const there = await look(path)
  if (there.kind === 'folder') return expandFolder(path, arg, options)
  // Before globs: a file may well be called `a[1].png`.
  if (there.kind === 'file') return { images: [{ name, input: path }], failures: [] }
  if (there.kind === 'closed')
    return fail(
      name,
      'image_unreadable',
      `${name} cannot be looked at: ${there.why}. Check the permissions of its folder.`,
    )
  if (arg.includes(LOST)) return expandRaw(path, arg, options, occurrence())
  return expandGlob(arg, name, options.cwd)
}

async function expandFolder(
  folder: string | Buffer,
  shown: string,
  { recursive = false }: ExpandOptions,
): Promise<Found> {
  const { files, unread } = await listFolder(folder, recursive)
  const failures = unread.map(({ path, error }) => unreadFolder(join(shown, path), error))
  // Paths in it are plain: joined once, not each.
  const [base, from] = [before(join(shown, 'x')), before(resolve(String(folder), 'x'))]
  const images = files.map(({ path, raw }): FoundImage => {
    const name = base + path
    return { name, input: raw ? new RawFile(name, raw) : from + path }
  })
  if (images.length > 0 || failures.length > 0) return { images, failures }
  return fail(
    shown,
    'image_not_found',
    `The folder ${shown} holds no images.${recursive ? '' : ' With --recursive, the folders below it are searched, too.'}`,
  )
}

const before = (path: string): string => path.slice(0, -1)

/** An argument with bytes that are not UTF-8, which Node has replaced. */
async function expandRaw(
  path: string,
  arg: string,
  options: ExpandOptions,
  { nth, of }: Occurrence,
): Promise<Found> {
  const found = await findRawPaths(path)
  // What the shell made of `*.jpg` has each of them once, in the order of their bytes.
  const each = found.length === of ? found[nth] : undefined
  const raw = found.length === 1 ? found[0] : each
  if (!raw) {
    return found.length === 0
      ? fail(arg, 'image_not_found', `There is no image ${arg}. Check the path.`)
      : fail(
          arg,
          'image_not_found',
          `${arg} is not UTF-8, and ${found.length} files look like it: name their folder instead.`,
        )
  }
  const name = found.length === 1 ? arg : join(arg, '..', escapeName(lastPart(raw)))
  if ((await look(raw)).kind === 'folder') return expandFolder(raw, name, options)
  return { images: [{ name, input: new RawFile(name, raw) }], failures: [] }
}
