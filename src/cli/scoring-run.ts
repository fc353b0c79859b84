import type { ImageInput } from '../image/image-input.ts'
import { kindNamed, type RewardKind } from '../models/kinds.ts'
import type { Scores } from '../ranking/combine.ts'
import type { Thresholds } from '../ranking/rank-scores.ts'
import { kindsFor, type ScoringFlags, thresholdsOf } from './common-options.ts'
import { type Context, imageFailure, reportFailure, settle } from './context.ts'
import { UsageError } from './exit-codes.ts'
import { expandImages } from './expand-images.ts'
import { type PromptedImage, readImagePrompts } from './image-prompts.ts'
import { readLayoutPairs, refuseResolution } from './input/read-layout.ts'
import { readList } from './input/read-list.ts'
import { readPairs } from './input/read-pairs.ts'
import type { ImageFailure, NamedImage } from './named-image.ts'
import { noteCutOwnPrompts, noteCutPrompts, notePromptUnused } from './note-cut-prompts.ts'
import type { SourceFlags } from './pair-options.ts'
import { openPictureOutputs, type PictureOutputs } from './picture-outputs.ts'
import { type RunScorers, withScorers } from './with-scorers.ts'

export type RunFlags = ScoringFlags & SourceFlags

/** Images as they were named, and with their prompts where these were named with them. */
export interface RunImages {
  readonly images: readonly NamedImage[]
  readonly failures: readonly ImageFailure[]
  readonly pairs?: readonly PromptedImage[]
}

/** Finds the images of a command line. Throws `UsageError`, `InputError`. */
export async function openImages(
  args: readonly string[],
  flags: RunFlags,
  prompts: number,
  context: Context,
): Promise<RunImages> {
  const { io } = context
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
  const names = list === undefined ? [] : await readList(list, io)
  if (list === '-' && args.includes('-'))
    throw new UsageError('stdin is either the image - or the --list -, not both.')
  return expandImages(args, { ...io, stdin: io.stdin, recursive: flags.recursive }, names)
}

/** Where only a model runs that takes no prompt, a folder is a folder. */
const needsNoPrompt = ({ only }: RunFlags): boolean => only !== undefined && !kindNamed(only).takesPrompt

const asRun = ({
  images,
  failures,
}: Pick<RunImages, 'failures'> & { images: readonly PromptedImage[] }): RunImages => ({
  images,
  failures,
  pairs: images,
})

/** What `score` and `rank` do alike: images and prompts are found, scorers loaded, failures told. */
export class ScoringRun {
  readonly failed: ImageFailure[] = []
  readonly thresholds: Thresholds
  /** Whether thresholds were given. */
  readonly checked: boolean
  /** Those that are scored, once {@link begin} has been called; {@link own} is the same with their prompts. */
  images: readonly NamedImage[] = []
  /** Where each image has a prompt of its own. */
  own: readonly PromptedImage[] | undefined
  /** Hears of each image that could not be read. */
  onFailure: (failure: ImageFailure) => void = () => {}

  constructor(
    readonly context: Context,
    readonly flags: RunFlags,
    readonly prompts: readonly string[],
    readonly kinds: readonly RewardKind[],
    readonly scorers: RunScorers,
    readonly outputs: PictureOutputs | undefined,
    private readonly given: RunImages,
  ) {
    this.thresholds = thresholdsOf(flags)
    this.checked = Object.keys(this.thresholds).length > 0
  }

  /** Whether images were named with their prompts. */
  get paired(): boolean {
    return this.given.pairs !== undefined
  }

  /** Whether each image has a prompt of its own. */
  get prompted(): boolean {
    return this.paired || (this.flags.promptFrom !== undefined && this.scorers.reader !== undefined)
  }

  readonly fail = (failure: ImageFailure): void => {
    this.failed.push(failure)
    reportFailure(this.context, failure)
    this.onFailure(failure)
  }

  /** Finds the prompts that the images bring, and says which prompts are cut. */
  async begin(): Promise<void> {
    const { context, given, flags, prompts } = this
    const { reader } = this.scorers
    given.failures.forEach(this.fail)
    if (given.pairs) this.own = await this.#plain(given.pairs)
    else if (this.prompted) this.own = await readImagePrompts(context, given.images, flags, this.fail)
    this.images = this.own ?? given.images
    if (reader && this.own) noteCutOwnPrompts(context, reader, this.own)
    else if (reader) noteCutPrompts(context, reader, prompts)
  }

  /** How many images could be read: known at the end. */
  get scored(): number {
    return this.images.length - this.#unread
  }
  #unread = 0

  /** Each image's scores, one a prompt, as they are ready: decoded once for all towers, every prompt encoded once. */
  async *scores(): AsyncGenerator<{ readonly index: number; readonly scores: readonly Scores[] }> {
    const { io, terminal } = this.context
    const { images, own, prompts } = this
    if (images.length === 0) return
    const onImageError = (error: Error, index: number): void => {
      this.#unread++
      this.fail(imageFailure(images[index]!, error))
    }
    const options = {
      scorers: this.scorers.scorers,
      signal: io.signal,
      onProgress: terminal.progress,
      onImageError,
    }
    terminal.progress({ stage: 'encode', item: 'images', loaded: 0, total: images.length, unit: 'images' })
    if (own) {
      const { scorePairs } = await import('../ranking/score-pairs.ts')
      const pairs = own.map(({ input, prompt }) => ({ image: input as ImageInput, prompt }))
      for await (const { index, scores } of scorePairs(pairs, options)) yield { index, scores: [scores] }
      return
    }
    const { scoreImages } = await import('../ranking/score-images.ts')
    const inputs = images.map(({ input }) => input as ImageInput)
    yield* scoreImages(inputs, { ...options, prompts })
  }

  settle(): void {
    settle(this.context, this.failed)
  }

  async #plain(pairs: readonly PromptedImage[]): Promise<readonly PromptedImage[]> {
    if (!this.flags.plain) return pairs
    const { plainPrompt } = await import('../prompts/plain/plain-prompt.ts')
    return pairs.map((pair) => ({ ...pair, prompt: plainPrompt(pair.prompt) }))
  }
}

/** Opens a run, lets `work` go through it, and frees its scorers. `check` refuses what does not fit before they are loaded. */
export async function withScoringRun(
  args: readonly string[],
  flags: RunFlags,
  prompts: readonly string[],
  {
    context,
    alone,
    check,
  }: {
    readonly context: Context
    /** What is noted where nothing but a model without prompts runs. */
    readonly alone: string
    readonly check?: (kinds: readonly RewardKind[], ownPrompts: boolean) => void | Promise<void>
  },
  work: (run: ScoringRun) => Promise<void>,
): Promise<void> {
  const asked = prompts.length > 0 || flags.promptFrom !== undefined
  // Before images are looked for, where it is known without them.
  if (asked || (needsNoPrompt(flags) && flags.pairs === undefined)) kindsFor(flags, asked)
  const given = await openImages(args, flags, prompts.length, context)
  const kinds = kindsFor(flags, asked || given.pairs !== undefined)
  if (flags.plain && !asked && !given.pairs)
    throw new UsageError(
      '--plain is for prompts, and there is none: give --prompt, --prompt-from or --pairs.',
    )
  await check?.(kinds, given.pairs !== undefined || flags.promptFrom !== undefined)
  const outputs = await openPictureOutputs(flags, context.io.cwd)
  if (kinds.length === 1 && !flags.only) context.terminal.note(alone)
  notePromptUnused(context, kinds, given.pairs?.length ?? prompts.length)
  await withScorers(context, kinds, flags, { watch: outputs?.watch }, async (scorers) => {
    await work(new ScoringRun(context, flags, prompts, kinds, scorers, outputs, given))
  })
}
