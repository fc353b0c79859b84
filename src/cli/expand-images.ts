import { readdir as readFolder, stat } from 'node:fs/promises'
import { isAbsolute, join, resolve } from 'node:path'
import type { FileSystemAdapter } from 'tinyglobby'
import { type ErrorCode, ImageError } from '../base/errors.ts'
import { hidePasswords } from '../base/hide-passwords.ts'
import { refuseLongText, shortName } from '../image/not-a-path.ts'
import { UsageError } from './exit-codes.ts'
import { isAddress, openAddress } from './input/image-url.ts'
import { listFolder, naturally } from './input/list-folder.ts'
import { isFailure, nameImage } from './input/name-image.ts'
import { RawFile } from './input/raw-file.ts'
import { escapeName, findRawPaths, LOST } from './input/raw-path.ts'
import { type Input, readStdin } from './input/read-stdin.ts'
import type { FoundImage, ImageFailure } from './named-image.ts'

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
}

interface Found {
  readonly images: readonly FoundImage[]
  readonly failures: readonly ImageFailure[]
}

/**
 * Files, URLs, folders (the images in them), globs (for where the shell did not expand them) and `-`, in the order they were
 * given, each folder's and glob's in natural order; then the files and URLs of a list. Throws `UsageError` where there is
 * nothing to read at all.
 */
export async function expandImages(
  args: readonly string[],
  options: ExpandOptions,
  listed: readonly string[] = [],
): Promise<ExpandedImages> {
  const images: FoundImage[] = []
  const failures: ImageFailure[] = []
  let stdin: Promise<Found> | undefined
  const expand = (arg: string, i: number): Promise<Found> =>
    arg === '-' ? (stdin ??= openStdin(options)) : expandOne(arg, options, () => occurrenceOf(args, i))
  for (let at = 0; at < args.length; at += AT_ONCE) {
    options.signal?.throwIfAborted()
    const some = args.slice(at, at + AT_ONCE).map((arg, i) => expand(arg, at + i))
    for (const found of await Promise.all(some)) {
      for (const image of found.images) images.push(image)
      for (const failure of found.failures) failures.push(failure)
    }
  }
  for (const name of listed) {
    const named = nameImage(name, options.cwd)
    if (isFailure(named)) failures.push(named)
    else images.push(named)
  }
  if (images.length === 0) throw new UsageError(failures.map(told).join('\n'))
  return { images, failures }
}

/** Arguments that are looked at together: a shell may give tens of thousands. */
const AT_ONCE = 64

function occurrenceOf(args: readonly string[], i: number): Occurrence {
  const equal = (from: readonly string[]): number => from.filter((other) => other === args[i]).length
  return { nth: equal(args.slice(0, i)), of: equal(args) }
}

/** That something is not there needs no code. */
const told = ({ code, message }: ImageFailure): string =>
  code === 'image_not_found' ? message : `${message} (${code})`

const fail = (image: string, code: ErrorCode, message: string): Found => ({
  images: [],
  failures: [{ image, code, message }],
})

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
  if (isAddress(arg)) {
    const opened = openAddress(arg)
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

type There =
  { readonly kind: 'file' | 'folder' | 'nothing' } | { readonly kind: 'closed'; readonly why: string }

async function look(path: string | Buffer): Promise<There> {
  try {
    return { kind: (await stat(path)).isDirectory() ? 'folder' : 'file' }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    // A bracket or a star is no name on Windows, which says so by EINVAL.
    const missing = ['ENOENT', 'ENOTDIR', 'ENAMETOOLONG', 'EINVAL', 'ERR_INVALID_ARG_VALUE']
    return missing.includes(code ?? '') ? { kind: 'nothing' } : { kind: 'closed', why: systemReason(error) }
  }
}

async function expandFolder(
  folder: string | Buffer,
  shown: string,
  { recursive = false }: ExpandOptions,
): Promise<Found> {
  const { files, unread } = await listFolder(folder, recursive)
  const failures = unread.map(({ path, error }) => unreadFolder(join(shown, path), error))
  const images = files.map(({ path, raw }): FoundImage => {
    const name = join(shown, path)
    return { name, input: raw ? new RawFile(name, raw) : resolve(String(folder), path) }
  })
  if (images.length > 0 || failures.length > 0) return { images, failures }
  return fail(
    shown,
    'image_not_found',
    `The folder ${shown} holds no images.${recursive ? '' : ' With --recursive, the folders below it are searched, too.'}`,
  )
}

function unreadFolder(folder: string, error: unknown): ImageFailure {
  const message = `The folder ${folder} cannot be read: ${systemReason(error)}. The images in it, if any, were left out.`
  return { image: folder, code: 'image_unreadable', message }
}

function systemReason(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException
  if (code === 'EACCES' || code === 'EPERM') return 'permission is denied'
  if (code === 'ELOOP') return 'its links lead in a circle'
  return message.replace(/, \w+ '.*'$/s, '')
}

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

const lastPart = (path: Buffer): Buffer => path.subarray(path.lastIndexOf(0x2f) + 1)

async function expandGlob(arg: string, name: string, cwd: string): Promise<Found> {
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
