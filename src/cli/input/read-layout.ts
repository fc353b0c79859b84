import { join, resolve } from 'node:path'
import { isFolder } from '../../base/files/is-folder-node.ts'
import { CutImage } from '../../image/cut-image.ts'
import type { FoundLayout } from '../../pairs/layouts/layouts.ts'
import type { Context } from '../context.ts'
import { UsageError } from '../exit-codes.ts'
import type { SourceFlags } from '../options/pair-options.ts'
import { count } from '../output/format-quantity.ts'
import type { PromptedImage } from '../prompts/image-prompts.ts'
import { isUrl } from './image-url.ts'
import type { OpenedPairs } from './read-pairs.ts'

/**
 * The pictures and prompts of a folder that is laid out as a benchmark's; undefined where it is not, and no layout was named.
 * Throws `UsageError`, `InputError`.
 */
export async function readLayoutPairs(
  args: readonly string[],
  { layout: name, resolution, list }: SourceFlags,
  context: Context,
): Promise<OpenedPairs | undefined> {
  const { io, terminal } = context
  const [arg] = args
  const path = args.length === 1 && !isUrl(arg!) && arg !== '' && !list ? resolve(io.cwd, arg!) : undefined
  if (path === undefined || !(await isFolder(path))) {
    if (name === undefined) return undefined
    throw new UsageError(`--layout ${name} is for one folder: name it, and no other image.`)
  }
  const [{ nodeFolder }, { readLayout }] = await Promise.all([
    import('../../pairs/layouts/folder-view-node.ts'),
    import('../../pairs/layouts/layouts.ts'),
  ])
  const found = await readLayout(nodeFolder(path, arg!, io.signal), { name, resolution })
  if (!found) return undefined
  if (found.layout.name !== 'dpg-bench') refuseResolution(resolution)
  terminal.note(
    `${arg} is laid out as ${found.layout.label}: ${count(found.pairs.length, 'image')} with prompts` +
      (name === undefined ? '; --layout none takes it for a folder like others' : ''),
  )
  for (const note of found.notes ?? []) terminal.note(note)
  return opened(found, path, arg!)
}

/** Throws `UsageError` where no file holds four pictures. */
export function refuseResolution(resolution: number | undefined): void {
  if (resolution === undefined) return
  throw new UsageError('--resolution is for a folder that is laid out as DPG-Bench: --layout dpg-bench.')
}

function opened({ pairs, failures }: FoundLayout, path: string, shown: string): OpenedPairs {
  return {
    images: pairs.map(({ image, prompt, group, cell }, place): PromptedImage => {
      const [name, source] = [join(shown, image), resolve(path, image)]
      const { left = 0, top = 0, width = 0, height = 0 } = cell ?? {}
      const part = cell ? `#${left},${top},${left + width},${top + height}` : ''
      const input = cell ? new CutImage(source, left, top, width, height) : source
      return { name: name + part, input, place, prompt, group }
    }),
    failures: failures.map((failure) => ({ ...failure, image: join(shown, failure.image) })),
  }
}
