import { dirname, resolve } from 'node:path'
import { IcthpError } from '../../base/errors.ts'
import { pairColumns } from '../../pairs/pair-columns.ts'
import { tablePairs } from '../../pairs/table-pairs.ts'
import type { Table } from '../../pairs/tables/table.ts'
import type { Context } from '../context.ts'
import { UsageError } from '../exit-codes.ts'
import type { PromptedImage } from '../image-prompts.ts'
import type { ImageFailure } from '../named-image.ts'
import { count } from '../output/format-quantity.ts'
import type { SourceFlags } from '../pair-options.ts'
import { isFailure, nameImage } from './name-image.ts'
import { reasonOf } from './read-list.ts'

export interface OpenedPairs {
  readonly images: readonly PromptedImage[]
  readonly failures: readonly ImageFailure[]
}

/**
 * The pairs of a table, all of it read and checked before anything is scored; paths are relative to its folder. Throws
 * `UsageError`, and `InputError` with the place in it.
 */
export async function readPairs(
  file: string,
  { columns: named }: Pick<SourceFlags, 'columns'>,
  { io, terminal }: Context,
): Promise<OpenedPairs> {
  const path = resolve(io.cwd, file)
  const table = await opened(file, path, io.signal)
  const columns = pairColumns(table, named)
  const images: PromptedImage[] = []
  const failures: ImageFailure[] = []
  let place = 0
  for await (const { image, prompt, group } of tablePairs(table, columns)) {
    const one = nameImage(image, dirname(path))
    if (isFailure(one)) failures.push(one)
    else if (prompt === undefined)
      failures.push({ image: one.name, code: 'image_no_prompt', message: `${file} has no prompt for it.` })
    else images.push({ ...one, place, prompt, group })
    place++
  }
  if (images.length === 0) throw new UsageError(`${file} holds no pair of an image and a prompt.`)
  const [image, prompt, group] = [columns.image, columns.prompt, columns.group].map(([first]) => first)
  terminal.note(
    `${count(place, 'pair')} in ${file}: images in ${image}, prompts in ${prompt}` +
      (group === undefined ? '' : `, groups in ${group}`),
  )
  return { images, failures }
}

async function opened(file: string, path: string, signal: AbortSignal): Promise<Table> {
  const { openTable } = await import('../../pairs/tables/open-table-node.ts')
  try {
    return await openTable(path, file, signal)
  } catch (error) {
    signal.throwIfAborted()
    if (error instanceof IcthpError) throw error
    throw new UsageError(`The table ${file} cannot be read: ${reasonOf(error)}.`)
  }
}
