import { randomUUID } from 'node:crypto'
import { access, constants, open, realpath, rename, rm, stat, writeFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { OutputError } from '../../base/errors.ts'
import { makeFolder } from '../../base/files/make-folder-node.ts'
import { diskReason, isOutOfSpace } from '../../hub/files/disk-error-node.ts'
import { UsageError } from '../exit-codes.ts'

export interface OutputFile {
  /** As the user named it. */
  readonly name: string
  readonly path: string
}

/** Of a file that is there already: what is looked through for the mark of ours. */
const HEAD = 4096

/**
 * Checks the place of an option's file before minutes of work, and makes its folder. A file that is there is written over
 * where it has `mark` in its beginning, as ours have. Throws `UsageError`, `OutputError` `output_not_ours`.
 */
export async function openOutputFile(
  option: string,
  name: string,
  endings: readonly string[],
  mark: string,
  cwd: string,
): Promise<OutputFile> {
  // `--html *.png` would else write over a picture.
  if (!endings.some((ending) => name.toLowerCase().endsWith(ending)))
    throw new UsageError(
      `${option} ${name} does not end in ${endings[0]}. Name the ${option.slice(2) === 'html' ? "report's" : "sheet's"} file before the images.`,
    )
  const path = resolve(cwd, name)
  const there = await stat(path).catch(() => undefined)
  if (there?.isDirectory()) throw new UsageError(`${option} ${name} is a folder. Name a file.`)
  try {
    await makeFolder(dirname(path))
    if (there) await access(path, constants.W_OK)
    await access(dirname(await realpath(path).catch(() => path)), constants.W_OK)
  } catch (cause) {
    throw new UsageError(`${option} ${name} cannot be written: ${(cause as Error).message}.`, { cause })
  }
  if (there && !(await isOurs(path, mark))) {
    throw new OutputError(
      'output_not_ours',
      `${option} ${name} is there already, and icthp did not write it. Name another file, or move it away.`,
      { path },
    )
  }
  return { name, path }
}

/**
 * Writes the file of an option beside its place and moves it there, so that what was there stays until the new one is whole.
 * Throws `OutputError` `output_no_space`, `output_failed`.
 */
export async function writeOutputFile(
  { name, path }: OutputFile,
  content: string | Uint8Array,
): Promise<void> {
  // Where a link leads is replaced, not the link.
  const real = await realpath(path).catch(() => path)
  const partial = `${real}.${randomUUID()}.icthp-partial`
  try {
    await writeFile(partial, content, { flag: 'wx' })
    await rename(partial, real)
  } catch (cause) {
    await rm(partial, { force: true }).catch(() => {})
    const full = isOutOfSpace(cause)
    const reason = diskReason(cause) ?? (cause as Error).message
    const why = full ? 'the disk is full. Make room, or choose another place' : reason
    throw new OutputError(
      full ? 'output_no_space' : 'output_failed',
      `${name} could not be written: ${why.replaceAll(partial, name)}.`,
      { path, cause },
    )
  }
}

async function isOurs(path: string, mark: string): Promise<boolean> {
  // A pipe would wait for a writer.
  if (!(await stat(path)).isFile()) return false
  const file = await open(path)
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(HEAD), 0, HEAD, 0)
    return bytesRead === 0 || buffer.toString('latin1', 0, bytesRead).includes(mark)
  } finally {
    await file.close()
  }
}
