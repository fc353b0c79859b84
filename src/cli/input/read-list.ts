import { stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import { readPieces, readWholeFile } from '../../base/files/read-file-node.ts'
import { decodeLines, decodeText } from '../../text/decode-text.ts'
import type { CliIo } from '../cli-io.ts'
import { UsageError } from '../exit-codes.ts'
import { pipedIn } from './read-stdin.ts'

/** Millions of names. */
const MAX_BYTES = 2 ** 28

/**
 * The names of a list, one a line; empty lines are left out. Of stdin and other pipes they are given as they come, since a pipe may
 * stay open. Throws `UsageError`, `InputError` `input_not_text`.
 */
export async function openList(
  file: string,
  { cwd, stdin, signal }: Pick<CliIo, 'cwd' | 'stdin' | 'signal'>,
): Promise<readonly string[] | AsyncIterable<string>> {
  if (file === '-') return streamed(pipedIn(stdin, '--list - reads names from stdin'), 'stdin')
  const path = resolve(cwd, file)
  const isPipe = await stat(path).then(
    (found) => found.isFIFO() || found.isSocket(),
    () => false,
  )
  if (isPipe) return streamed(readPieces(path, signal), `The list ${file}`)
  const names = decodeText(await readListed(file, path, signal), file)
    .split(/\r?\n/)
    .filter(isName)
  if (names.length === 0) throw noNames(`The list ${file}`)
  return names
}

const isName = (line: string): boolean => line.trim() !== ''

async function* streamed(pieces: AsyncIterable<Uint8Array>, where: string): AsyncGenerator<string> {
  let any = false
  for await (const line of decodeLines(pieces, where)) {
    if (!isName(line)) continue
    any = true
    yield line
  }
  if (!any) throw noNames(where)
}

const noNames = (where: string): UsageError => new UsageError(`${where} names no images. Write one a line.`)

async function readListed(file: string, path: string, signal: AbortSignal): Promise<Uint8Array> {
  try {
    return await readWholeFile(path, MAX_BYTES, signal)
  } catch (error) {
    signal.throwIfAborted()
    throw new UsageError(`The list ${file} cannot be read: ${reasonOf(error)}.`)
  }
}

export const reasonOf = (error: unknown): string =>
  (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'it is not there' : (error as Error).message
