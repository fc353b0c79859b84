import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { InputError, show } from '../../base/errors.ts'
import { readWholeFile } from '../../base/files/read-file-node.ts'
import { decodeText } from '../../text/decode-text.ts'
import type { CliIo } from '../cli-io.ts'
import { UsageError } from '../exit-codes.ts'
import { decodeName, LOST } from '../input/raw-path.ts'
import { reasonOf } from '../input/read-list.ts'
import { readPiped } from '../input/read-stdin.ts'

/** Millions of prompts. */
const MAX_BYTES = 2 ** 28

/**
 * Prompts of the command line, then those of a file (`-`: stdin): UTF-8 or with a byte order mark, one a line; empty lines are left
 * out. Throws `UsageError`, `InputError` `input_not_text`, and `signal.reason`.
 */
export async function readPrompts(
  given: readonly string[],
  file: string | undefined,
  io: Pick<CliIo, 'cwd' | 'stdin' | 'signal'>,
): Promise<string[]> {
  if (given.some((prompt) => prompt.includes(LOST))) await refuseOtherEncodings(given)
  if (file === undefined) return [...given]
  const where = file === '-' ? 'stdin' : `The prompts file ${file}`
  const prompts = decodeText(await bytesOf(file, io), file === '-' ? where : file)
    .split(/\r?\n/)
    .filter((line) => line.trim() !== '')
  if (prompts.length === 0) throw new UsageError(`${where} holds no prompts. Write one a line.`)
  return [...given, ...prompts]
}

async function bytesOf(
  file: string,
  { cwd, stdin, signal }: Pick<CliIo, 'cwd' | 'stdin' | 'signal'>,
): Promise<Uint8Array> {
  if (file === '-') return readPiped(stdin, '--prompts-file - reads prompts from stdin', MAX_BYTES, signal)
  try {
    return await readWholeFile(resolve(cwd, file), MAX_BYTES, signal)
  } catch (error) {
    signal.throwIfAborted()
    throw new UsageError(`The prompts file ${file} cannot be read: ${reasonOf(error)}.`)
  }
}

/** Node gives arguments with U+FFFD for what is not UTF-8; Linux tells their bytes (proc(5)). Throws `InputError`. */
async function refuseOtherEncodings(given: readonly string[]): Promise<void> {
  const bytes = await readFile('/proc/self/cmdline').catch(() => Buffer.alloc(0))
  const line = bytes.toString('latin1').split('\0')
  const lossy = line.map((word) => decodeName(Buffer.from(word, 'latin1'))).filter(({ exact }) => !exact)
  const wrong = given.find((prompt) =>
    lossy.some(({ text }) => text === prompt || text.endsWith(`=${prompt}`)),
  )
  if (wrong === undefined) return
  throw new InputError(
    'input_not_text',
    `The prompt ${show(wrong)} is not UTF-8. Set the terminal to UTF-8, or save it in a file as UTF-8 (--prompts-file).`,
    { prompt: wrong },
  )
}
