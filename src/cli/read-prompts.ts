import { resolve } from 'node:path'
import { readWholeFile } from '../base/read-file-node.ts'
import { decodeText } from '../text/decode-text.ts'
import type { CliIo } from './cli-io.ts'
import { UsageError } from './exit-codes.ts'

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
