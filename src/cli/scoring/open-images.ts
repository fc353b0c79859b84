import { kindNamed } from '../../models/kinds.ts'
import type { Context } from '../context.ts'
import { UsageError } from '../exit-codes.ts'
import { expandImages } from '../input/expand-images.ts'
import { nameImage } from '../input/name-image.ts'
import { begun, type Named, type NamedImages } from '../input/named.ts'
import { readLayoutPairs, refuseResolution } from '../input/read-layout.ts'
import { openList } from '../input/read-list.ts'
import { type OpenedPairs, readPairs } from '../input/read-pairs.ts'
import { refuseStdinTwice } from '../input/read-stdin.ts'
import type { ImageFailure } from '../named-image.ts'
import type { ScoringFlags } from '../options/common-options.ts'
import type { SourceFlags } from '../options/pair-options.ts'
import type { PromptedImage } from '../prompts/image-prompts.ts'

export type RunFlags = ScoringFlags & SourceFlags

/** Images as they were named, and with their prompts where these were named with them. */
export interface RunImages {
  readonly images: NamedImages
  /** How many, those included whose names lead to none; not known of what is still to come. */
  readonly total?: number
  /** What is known to have failed. */
  readonly failures: readonly ImageFailure[]
  readonly pairs?: readonly PromptedImage[]
}

/** Finds the images of a command line; those of a long list are looked at as they are asked for. Throws `UsageError`, `InputError`. */
export async function openImages(
  args: readonly string[],
  flags: RunFlags,
  prompts: number,
  context: Context,
): Promise<RunImages> {
  const { pairs: table, list, promptFrom, layout } = flags
  if (flags.columns && table === undefined)
    throw new UsageError('--columns is for --pairs FILE, which is not given.')
  if (table !== undefined) {
    refuseResolution(flags.resolution)
    if (args.length > 0) throw new UsageError('--pairs names its images itself: leave out the others.')
    return asRun(await readPairs(table, flags, context))
  }
  if (args.length === 0 && list === undefined)
    throw new UsageError('There is no image. Name some, a --list of them, or a table of --pairs.')
  const prompted = prompts > 0 || promptFrom !== undefined
  if (layout !== 'none' && (layout !== undefined || !(prompted || needsNoPrompt(flags)))) {
    const found = await readLayoutPairs(args, flags, context)
    if (found) return asRun(found)
  }
  refuseResolution(flags.resolution)
  return list === undefined ? argumentImages(args, flags, context) : listedImages(args, list, flags, context)
}

/** Where only a model runs that takes no prompt, a folder is a folder. */
export const needsNoPrompt = ({ only }: RunFlags): boolean =>
  only !== undefined && !kindNamed(only).takesPrompt

const asRun = ({ images, failures }: OpenedPairs): RunImages => ({ images, failures, pairs: images })

async function argumentImages(
  args: readonly string[],
  { recursive }: RunFlags,
  { io }: Context,
): Promise<RunImages> {
  const { images, failures } = await expandImages(args, { ...io, stdin: io.stdin, recursive })
  return { images, total: images.length, failures }
}

/** Those of the arguments, then those of the list. */
async function listedImages(
  args: readonly string[],
  list: string,
  { recursive }: RunFlags,
  { io }: Context,
): Promise<RunImages> {
  refuseStdinTwice(args, { '--list': list })
  const names = await openList(list, io)
  const { images, failures } = await expandImages(args, { ...io, stdin: io.stdin, recursive, orNone: true })
  const named = (name: string): Named => nameImage(name, io.cwd)
  // A failure of the arguments is no reason to leave the list out, and the other way round.
  if (!Array.isArray(names))
    return { images: followedBy(images, names as AsyncIterable<string>, named), failures }
  const all = (function* (): Generator<Named> {
    yield* images
    for (const name of names as readonly string[]) yield named(name)
  })()
  return { images: begun(all, failures), total: images.length + names.length, failures }
}

async function* followedBy(
  images: readonly Named[],
  names: AsyncIterable<string>,
  named: (name: string) => Named,
): AsyncGenerator<Named> {
  yield* images
  for await (const name of names) yield named(name)
}
