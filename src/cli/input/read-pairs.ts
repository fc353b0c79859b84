import { stat } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { IcthpError } from '../../base/errors.ts'
import { pairColumns } from '../../pairs/pair-columns.ts'
import { tablePairs } from '../../pairs/table-pairs.ts'
import type { Table } from '../../pairs/tables/table.ts'
import type { CliIo } from '../cli-io.ts'
import type { Context } from '../context.ts'
import { UsageError } from '../exit-codes.ts'
import type { ImageFailure } from '../named-image.ts'
import type { SourceFlags } from '../options/pair-options.ts'
import { count } from '../output/format-quantity.ts'
import type { PromptedImage } from '../prompts/image-prompts.ts'
import { nameImage } from './name-image.ts'
import { isFailure } from './named.ts'
import { reasonOf } from './read-list.ts'
import { readPiped } from './read-stdin.ts'

export interface OpenedPairs {
  readonly images: readonly PromptedImage[]
  readonly failures: readonly ImageFailure[]
}

/**
 * The pairs of a table, all of it read and checked before anything is scored; paths are relative to its folder, those of stdin and
 * other pipes to the working folder. Throws `UsageError`, and `InputError` with the place in it.
 */
export async function readPairs(
  file: string,
  { columns: named }: Pick<SourceFlags, 'columns'>,
  { io, terminal }: Context,
): Promise<OpenedPairs> {
  const { table, folder } = await opened(file, io)
  const columns = pairColumns(table, named)
  const images: PromptedImage[] = []
  const failures: ImageFailure[] = []
  let place = 0
  for await (const { image, prompt, group } of tablePairs(table, columns)) {
    const one = nameImage(image, folder)
    if (isFailure(one)) failures.push(one)
    else if (prompt === undefined)
      failures.push({
        image: one.name,
        code: 'image_no_prompt',
        message: `${table.where} has no prompt for it.`,
      })
    else images.push({ name: one.name, input: one.input, place, prompt, group })
    place++
  }
  if (images.length === 0) throw new UsageError(`${table.where} holds no pair of an image and a prompt.`)
  const [image, prompt, group] = [columns.image, columns.prompt, columns.group].map(([first]) => first)
  terminal.note(
    `${count(place, 'pair')} in ${table.where}: images in ${image}, prompts in ${prompt}` +
      (group === undefined ? '' : `, groups in ${group}`),
  )
  return { images, failures }
}

interface OpenedTable {
  readonly table: Table
  /** What paths in it are relative to. */
  readonly folder: string
}

async function opened(file: string, { cwd, stdin, signal }: CliIo): Promise<OpenedTable> {
  const { MAX_TABLE_BYTES, openTable, tableOf } = await import('../../pairs/tables/open-table-node.ts')
  if (file === '-') {
    const bytes = await readPiped(stdin, '--pairs - reads a table from stdin', MAX_TABLE_BYTES, signal)
    return { table: await tableOf(bytes, 'stdin'), folder: cwd }
  }
  const path = resolve(cwd, file)
  try {
    const table = await openTable(path, file, signal)
    const isFile = (await stat(path)).isFile()
    return { table, folder: isFile ? dirname(path) : cwd }
  } catch (error) {
    signal.throwIfAborted()
    if (error instanceof IcthpError) throw error
    throw new UsageError(`The table ${file} cannot be read: ${reasonOf(error)}.`)
  }
}
