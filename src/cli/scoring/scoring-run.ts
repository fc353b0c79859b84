import { abortable } from '../../base/waiting/abortable.ts'
import type { ImageInput } from '../../image/inputs/image-input.ts'
import type { RewardKind } from '../../models/kinds.ts'
import type { Scores } from '../../ranking/combine.ts'
import type { Thresholds } from '../../ranking/rank-scores.ts'
import { type Context, imageFailure, reportFailure, settle } from '../context.ts'
import { UsageError } from '../exit-codes.ts'
import { openPictureOutputs, type PictureOutputs } from '../files/picture-outputs.ts'
import { begunStream, isFailure, isStream, type Named } from '../input/named.ts'
import type { ImageFailure, NamedImage } from '../named-image.ts'
import { kindsFor, thresholdsOf } from '../options/common-options.ts'
import type { PromptedImage } from '../prompts/image-prompts.ts'
import { CutPrompts, noteCutPrompts, notePromptUnused } from '../prompts/note-cut-prompts.ts'
import { PromptFinder } from '../prompts/prompt-finder.ts'
import { needsNoPrompt, openImages, type RunFlags, type RunImages } from './open-images.ts'
import { type RunScorers, withScorers } from './with-scorers.ts'

/** What `score` and `rank` do alike: images and prompts are found, scorers loaded, failures told. */
export class ScoringRun {
  readonly failed: ImageFailure[] = []
  readonly thresholds: Thresholds
  /** Whether thresholds were given. */
  readonly checked: boolean
  /** Hears of each image that could not be read. */
  onFailure: (failure: ImageFailure) => void = () => {}
  /** Those that were taken up and are not forgotten. */
  readonly #images = new Map<number, NamedImage>()
  #taken = 0
  #unread = 0
  /** Where each image has a prompt of its own, and all are known. */
  #own: readonly PromptedImage[] | undefined
  readonly #finder: PromptFinder

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
    this.#finder = new PromptFinder(context, flags, (failure) => this.fail(failure))
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

  /** Tells what failed by now, finds the prompts that the images bring, and says which prompts are cut. */
  async begin(): Promise<void> {
    const { given, prompts, context } = this
    const { reader } = this.scorers
    given.failures.forEach(this.fail)
    if (given.pairs) this.#own = await this.#plain(given.pairs)
    else if (this.prompted && !isStream(given.images))
      this.#own = await this.#finder.findAll(this.#named(given.images))
    if (reader && !this.prompted) noteCutPrompts(context, reader, prompts)
  }

  image(index: number): NamedImage {
    return (this.#own ? this.#own[index] : this.#images.get(index))!
  }

  /** The image with its prompt, where each has one of its own. */
  own(index: number): PromptedImage | undefined {
    return this.prompted ? (this.image(index) as PromptedImage) : undefined
  }

  /** Nobody asks for it again: of a stream, no more is held than is under way. */
  forget(index: number): void {
    this.#images.delete(index)
  }

  /** All that were taken up and are not forgotten. */
  get images(): readonly NamedImage[] {
    return this.#own ?? [...this.#images.values()]
  }

  /** How many images could be read: known at the end. */
  get scored(): number {
    return (this.#own?.length ?? this.#taken) - this.#unread
  }

  /** Each image's scores, one a prompt, as they are ready: decoded once for all towers, every prompt encoded once. */
  async *scores(): AsyncGenerator<{ readonly index: number; readonly scores: readonly Scores[] }> {
    const { io, terminal } = this.context
    const { given, prompts } = this
    const total = this.#own ? this.#own.length : given.total
    if (total === 0) return
    const onImageError = (error: Error, index: number): void => {
      this.#unread++
      this.fail(imageFailure(this.image(index), error))
      this.forget(index)
    }
    const options = {
      scorers: this.scorers.scorers,
      signal: io.signal,
      onProgress: terminal.progress,
      onImageError,
      total,
    }
    const totals = total === undefined ? {} : { total }
    terminal.progress({ stage: 'encode', item: 'images', loaded: 0, ...totals, unit: 'images' })
    if (this.prompted) return yield* this.#pairScores(options)
    const { scoreImages } = await import('../../ranking/score-images.ts')
    const images = isStream(given.images) ? this.#streamed(given.images) : this.#listed(given.images)
    yield* scoreImages(images, { ...options, prompts })
  }

  async *#pairScores(
    options: object,
  ): AsyncGenerator<{ readonly index: number; readonly scores: readonly Scores[] }> {
    const { scorePairs } = await import('../../ranking/score-pairs.ts')
    const { reader } = this.scorers
    const cut = reader && new CutPrompts(reader)
    const pairs = this.#own ? this.#own.map(pairOf) : this.#streamedPairs()
    for await (const { index, scores } of scorePairs(pairs, options)) {
      cut?.look(this.own(index)!)
      yield { index, scores: [scores] }
    }
    if (!this.#own) this.#finder.noteSyntax()
    cut?.note(this.context)
  }

  /** Takes an image up; a name that leads to none is told. */
  #take(named: Named): NamedImage | undefined {
    if (isFailure(named)) return void this.fail(named)
    this.#images.set(this.#taken++, named)
    return named
  }

  *#listed(images: Iterable<Named>): Generator<ImageInput> {
    for (const named of images) {
      const image = this.#take(named)
      if (image) yield image.input as ImageInput
    }
  }

  async *#streamed(images: AsyncIterable<Named>): AsyncGenerator<ImageInput> {
    for await (const named of images) {
      const image = this.#take(named)
      if (image) yield image.input as ImageInput
    }
  }

  async *#streamedPairs(): AsyncGenerator<ReturnType<typeof pairOf>> {
    let place = 0
    for await (const named of this.given.images) {
      if (isFailure(named)) {
        this.fail(named)
        continue
      }
      const found = await this.#finder.find(named, place++)
      if (!found) continue
      this.#take(found)
      yield pairOf(found)
    }
  }

  /** All of them, but for names that lead to none, which are told. */
  #named(images: Iterable<Named>): NamedImage[] {
    return [...images].flatMap((named) => {
      if (!isFailure(named)) return [named]
      this.fail(named)
      return []
    })
  }

  settle(): void {
    settle(this.context, this.failed)
  }

  async #plain(pairs: readonly PromptedImage[]): Promise<readonly PromptedImage[]> {
    if (!this.flags.plain) return pairs
    const { plainPrompt } = await import('../../prompts/plain/plain-prompt.ts')
    return pairs.map((pair) => ({ ...pair, prompt: plainPrompt(pair.prompt) }))
  }
}

const pairOf = ({ input, prompt }: PromptedImage): { image: ImageInput; prompt: string } => ({
  image: input as ImageInput,
  prompt,
})

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
  const { io } = context
  const asked = prompts.length > 0 || flags.promptFrom !== undefined
  // Before images are looked for, where it is known without them.
  if (asked || (needsNoPrompt(flags) && flags.pairs === undefined)) kindsFor(flags, asked)
  let given = await openImages(args, flags, prompts.length, context)
  const kinds = kindsFor(flags, asked || given.pairs !== undefined)
  if (flags.plain && !asked && !given.pairs)
    throw new UsageError(
      '--plain is for prompts, and there is none: give --prompt, --prompt-from or --pairs.',
    )
  await check?.(kinds, given.pairs !== undefined || flags.promptFrom !== undefined)
  const outputs = await openPictureOutputs(flags, io.cwd)
  if (kinds.length === 1 && !flags.only) context.terminal.note(alone)
  notePromptUnused(context, kinds, given.pairs?.length ?? prompts.length)
  await withScorers(context, kinds, flags, { watch: outputs?.watch }, async (scorers) => {
    // What is still to come is waited for once the scorers are ready.
    if (isStream(given.images))
      given = { ...given, images: await abortable(begunStream(given.images, given.failures), io.signal) }
    await work(new ScoringRun(context, flags, prompts, kinds, scorers, outputs, given))
  })
}
