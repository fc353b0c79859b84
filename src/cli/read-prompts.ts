import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { UsageError } from './exit-codes.ts'

/** Prompts of the command line, then those of a file: UTF-8, one a line; empty lines are left out. Throws `UsageError`. */
export async function readPrompts(given: readonly string[], file: string | undefined, cwd: string): Promise<string[]> {
  if (file === undefined) return [...given]
  let text: string
  try {
    text = await readFile(resolve(cwd, file), 'utf8')
  } catch (error) {
    const why = (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'it is not there' : (error as Error).message
    throw new UsageError(`The prompts file ${file} cannot be read: ${why}.`)
  }
  const prompts = text
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/)
    .filter((line) => line.trim() !== '')
  if (prompts.length === 0) throw new UsageError(`The prompts file ${file} holds no prompts. Write one a line.`)
  return [...given, ...prompts]
}
