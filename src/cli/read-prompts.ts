import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { InputError, show } from '../base/errors.ts'
import { readWholeFile } from '../base/read-file-node.ts'
import { decodeText } from '../text/decode-text.ts'
import type { CliIo } from './cli-io.ts'
import { UsageError } from './exit-codes.ts'
import { decodeName, LOST } from './input/raw-path.ts'

/** Millions of prompts. */
const MAX_BYTES = 2 ** 28

/**
 * Prompts of the command line, then those of a file: UTF-8 or with a byte order mark, one a line; empty lines are left
 * out. Throws `UsageError`, `InputError` `input_not_text`, and `signal.reason`.
 */
export async function readPrompts(
  given: readonly string[],
  file: string | undefined,
  { cwd, signal }: Pick<CliIo, 'cwd' | 'signal'>,
): Promise<string[]> {
  if (given.some((prompt) => prompt.includes(LOST))) await refuseOtherEncodings(given)
  if (file === undefined) return [...given]
  let bytes: Uint8Array
  try {
    bytes = await readWholeFile(resolve(cwd, file), MAX_BYTES, signal)
  } catch (error) {
    signal.throwIfAborted()
    const why =
      (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'it is not there' : (error as Error).message
    throw new UsageError(`The prompts file ${file} cannot be read: ${why}.`)
  }
  const prompts = decodeText(bytes, file)
    .split(/\r?\n/)
    .filter((line) => line.trim() !== '')
  if (prompts.length === 0)
    throw new UsageError(`The prompts file ${file} holds no prompts. Write one a line.`)
  return [...given, ...prompts]
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
