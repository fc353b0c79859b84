import { resolve } from 'node:path'
import { readWholeFile } from '../../base/read-file-node.ts'
import { decodeText } from '../../text/decode-text.ts'
import type { CliIo } from '../cli-io.ts'
import { UsageError } from '../exit-codes.ts'
import { readStdin } from './read-stdin.ts'

/** Millions of names. */
const MAX_BYTES = 2 ** 28

/** The names of a list, one a line; empty lines are left out. Throws `UsageError`, `InputError` `input_not_text`. */
export async function readList(
  file: string,
  { cwd, stdin, signal }: Pick<CliIo, 'cwd' | 'stdin' | 'signal'>,
): Promise<string[]> {
  const bytes = file === '-' ? await namesOfStdin(stdin, signal) : await readListed(file, cwd, signal)
  const names = decodeText(bytes, file === '-' ? 'stdin' : file)
    .split(/\r?\n/)
    .filter((line) => line.trim() !== '')
  if (names.length === 0)
    throw new UsageError(`${file === '-' ? 'stdin' : `The list ${file}`} names no images. Write one a line.`)
  return names
}

async function namesOfStdin(stdin: CliIo['stdin'], signal: AbortSignal): Promise<Uint8Array> {
  if (!stdin || stdin.isTTY)
    throw new UsageError('--list - reads names from stdin, but stdin is a terminal. Pipe some in.')
  return new Uint8Array(await (await readStdin(stdin, signal)).arrayBuffer())
}

async function readListed(file: string, cwd: string, signal: AbortSignal): Promise<Uint8Array> {
  try {
    return await readWholeFile(resolve(cwd, file), MAX_BYTES, signal)
  } catch (error) {
    signal.throwIfAborted()
    throw new UsageError(`The list ${file} cannot be read: ${reasonOf(error)}.`)
  }
}

export const reasonOf = (error: unknown): string =>
  (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'it is not there' : (error as Error).message
