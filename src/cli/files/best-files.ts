import { constants } from 'node:fs'
import { access, copyFile, link, readFile, realpath, stat, symlink } from 'node:fs/promises'
import { dirname, join, relative, resolve, sep } from 'node:path'
import { makeFolder } from '../../base/files/make-folder-node.ts'
import { CutImage } from '../../image/cut-image.ts'
import type { Context } from '../context.ts'
import { EXIT, UsageError } from '../exit-codes.ts'
import { RawFile } from '../input/raw-file.ts'
import type { NamedImage } from '../named-image.ts'
import { count } from '../output/format-quantity.ts'

export interface BestFlags {
  readonly copyBest?: string
  readonly linkBest?: string
}

type Put = (from: string, to: string) => Promise<'copied' | 'linked' | 'linked by name'>

/** `--copy-best`, `--link-best`: the files of the winners, in a folder of their own. */
export class BestFiles {
  private constructor(
    readonly name: string,
    private readonly path: string,
    private readonly put: Put,
  ) {}

  /** Makes the folder before minutes of work; undefined where none is asked for. Throws `UsageError`. */
  static async open({ copyBest, linkBest }: BestFlags, cwd: string): Promise<BestFiles | undefined> {
    const name = copyBest ?? linkBest
    if (name === undefined) return undefined
    const option = copyBest === undefined ? '--link-best' : '--copy-best'
    const path = resolve(cwd, name)
    try {
      await makeFolder(path)
      await access(path, constants.W_OK)
    } catch (cause) {
      throw new UsageError(`${option} ${name} cannot be written to: ${(cause as Error).message}.`, { cause })
    }
    return new BestFiles(name, path, copyBest === undefined ? linkFile : copy)
  }

  /**
   * Puts the winners there, under their names below the folder that all images have in common. Nothing is overwritten: a
   * file that is there is left, and told as a warning where it is another; then the run ends with 3.
   */
  async write(
    context: Context,
    images: readonly NamedImage[],
    winners: readonly NamedImage[],
  ): Promise<void> {
    const { terminal, io } = context
    const base = commonFolder(images.flatMap((image) => pathOf(image) ?? []))
    const done = new Map<string, number>()
    const tell = (what: string): void => void done.set(what, (done.get(what) ?? 0) + 1)
    const refuse = (image: NamedImage, why: string): void => {
      context.exitCode = EXIT.incomplete
      terminal.problem('warning', `${image.name} is not put into ${this.name}: ${why}`)
    }
    for (const [path, image] of new Map(winners.map((image) => [pathOf(image) ?? image, image]))) {
      io.signal.throwIfAborted()
      if (typeof path !== 'string') {
        refuse(image, whyNot(image))
        continue
      }
      const to = join(this.path, placeIn(base, path))
      try {
        await makeFolder(dirname(to))
        tell(await this.put(path, to))
      } catch (error) {
        const { code, message } = error as NodeJS.ErrnoException
        if (code !== 'EEXIST') refuse(image, message)
        else if (await isSame(path, to)) tell('there already')
        else refuse(image, `${join(this.name, placeIn(base, path))} is another file, and is not overwritten.`)
      }
    }
    const told = Array.from(done, ([what, times]) => `${times} ${what}`).join(', ')
    if (told !== '') terminal.note(`${this.name}: ${count(sum(done), 'winner')} (${told})`)
  }
}

const sum = (counts: ReadonlyMap<string, number>): number => [...counts.values()].reduce((a, b) => a + b, 0)

/** A copy that shares its blocks where the file system can. */
const copy: Put = async (from, to) => {
  await copyFile(from, to, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE)
  return 'copied'
}

/** What a file system says that makes no hard link, or none to there. */
const NO_HARD_LINK: ReadonlySet<string> = new Set([
  'EXDEV',
  'EPERM',
  'ENOTSUP',
  'EOPNOTSUPP',
  'ENOSYS',
  'EMLINK',
  'EACCES',
])

/**
 * A hard link: it takes no space, and stays whole when the original is moved or deleted. Where there can be none (another
 * disk), a symbolic one to the file's whole path.
 */
const linkFile: Put = async (from, to) => {
  const file = await realpath(from)
  try {
    await link(file, to)
    return 'linked'
  } catch (error) {
    if (!NO_HARD_LINK.has((error as NodeJS.ErrnoException).code ?? '')) throw error
    await symlink(file, to)
    return 'linked by name'
  }
}

const pathOf = ({ input }: NamedImage): string | undefined => (typeof input === 'string' ? input : undefined)

function whyNot({ input }: NamedImage): string {
  if (input instanceof URL) return 'it is an address, and no file here.'
  if (input instanceof CutImage) return 'it is a part of its file.'
  return input instanceof RawFile ? 'its name is not UTF-8.' : 'it came through stdin, and has no name.'
}

/** The deepest folder that holds all; empty where there is none, as on several drives. */
function commonFolder(paths: readonly string[]): string {
  const [first, ...others] = paths
  let folder = first === undefined ? '' : dirname(first)
  for (const path of others) {
    while (folder !== '' && !path.startsWith(folder.endsWith(sep) ? folder : folder + sep)) {
      const above = dirname(folder)
      folder = above === folder ? '' : above
    }
  }
  return folder
}

/** Of several drives, each is a folder. */
const placeIn = (base: string, path: string): string =>
  base === '' ? path.replace(/^([A-Za-z]):/, '$1').replace(/^[\\/]+/, '') : relative(base, path)

async function isSame(path: string, other: string): Promise<boolean> {
  const [a, b] = await Promise.all([stat(path), stat(other).catch(() => undefined)])
  if (!b?.isFile() || a.size !== b.size) return false
  if (a.ino === b.ino && a.dev === b.dev) return true
  const [one, two] = await Promise.all([readFile(path), readFile(other)])
  return one.equals(two)
}
