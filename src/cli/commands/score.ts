import type { Command } from 'commander'
import type { ImageInput } from '../../image/image-input.ts'
import type { RewardKind } from '../../models/kinds.ts'
import type { Scores } from '../../ranking/combine.ts'
import { passes } from '../../ranking/rank-scores.ts'
import {
  addCommonOptions,
  addFormatOptions,
  addImages,
  addRunOptions,
  collect,
  formatOf,
  kindsFor,
  type ScoringFlags,
  thresholdsOf,
} from '../common-options.ts'
import { type Context, imageFailure, reportFailure, settle } from '../context.ts'
import { expandImages, type ImageFailure } from '../expand-images.ts'
import { addPromptSource, asAsked, type PromptSourceFlags, readImagePrompts } from '../image-prompts.ts'
import { type LoadedScorers, withScorers } from '../load-scorers.ts'
import { noteCutOwnPrompts, noteCutPrompts, notePromptUnused } from '../note-cut-prompts.ts'
import { type ScoreRow, scoreWriter } from '../output/score-writers.ts'
import { openPictureOutputs } from '../picture-outputs.ts'
import { readPrompts } from '../read-prompts.ts'
import type { ReportedRun } from '../reported-run.ts'
import { scorePairs } from '../score-pairs.ts'

interface ScoreFlags extends ScoringFlags, PromptSourceFlags {
  readonly prompt?: readonly string[]
  readonly promptsFile?: string
}

export function addScore(program: Command, context: Context): void {
  const command = program
    .command('score')
    .summary('score images')
    .description(
      'Scores images: ICT (how much of a prompt an image shows, in [-1, 1]) for each prompt, and HP (how good it looks, in ' +
        '(0, 1)). Without a prompt, HP alone. Results come in the order of the images.',
    )
  addImages(command)
  command
    .option('-p, --prompt <text>', 'what the images should show; may be given several times', collect)
    .option('--prompts-file <file>', 'more prompts, one a line')
  addPromptSource(command, ['prompt', 'promptsFile'])
  addRunOptions(command)
  addFormatOptions(command)
  addCommonOptions(command, [
    'icthp score teacup.png --prompt "a tiny dragon in a teacup"',
    'icthp score renders/ --prompts-file prompts.txt --csv > scores.csv',
    'icthp score "renders/**/*.webp" --only hp --ndjson',
    'icthp score renders/ --prompt-from metadata --plain',
  ]).action((images: string[], flags: ScoreFlags) => score(images, flags, context))
}

async function score(args: readonly string[], flags: ScoreFlags, context: Context): Promise<void> {
  const { io, terminal } = context
  const { promptFrom } = flags
  const given = await readPrompts(flags.prompt ?? [], flags.promptsFile, io)
  const prompts = await asAsked(given, flags)
  const kinds = kindsFor(flags, prompts.length > 0 || promptFrom !== undefined)
  const report = await openPictureOutputs(flags, io.cwd)
  const { images, failures } = await expandImages(args, { ...io, recursive: flags.recursive })
  if (kinds.length === 1 && !flags.only) terminal.note('no prompt, so HP alone is scored')
  notePromptUnused(context, kinds, prompts.length)
  await withScorers(context, kinds, flags, { watch: report?.watch }, async (scorers) => {
    const { reader, label } = scorers
    const thresholds = thresholdsOf(flags)
    const checked = Object.keys(thresholds).length > 0
    if (reader) noteCutPrompts(context, reader, prompts)
    const own = promptFrom !== undefined && reader !== undefined
    const writer = scoreWriter(formatOf(flags), terminal, {
      ...label,
      prompts,
      kinds,
      passed: checked,
      ownPrompts: own,
    })
    const failed: ImageFailure[] = []
    const fail = (failure: ImageFailure): void => {
      failed.push(failure)
      reportFailure(context, failure)
      writer.failed(failure)
    }
    failures.forEach(fail)
    const prompted = own ? await readImagePrompts(context, images, flags, fail) : undefined
    if (prompted) noteCutOwnPrompts(context, reader!, prompted)
    const scored = prompted ?? images
    const onImageError = (error: Error, index: number): void => fail(imageFailure(scored[index]!, error))
    const inputs = images.map(({ input }) => input)
    const reported: ReportedRun['images'][number][] = []
    const rows = prompted
      ? scoreOwn(scorers, prompted, context, onImageError)
      : scoreEach(scorers, inputs, prompts, context, onImageError)
    for await (const { index, scores } of rows) {
      const row = { ...(checked ? { passed: scores.every((each) => passes(each, thresholds)) } : {}) }
      const values = valuesOf(kinds, scores)
      const prompt = prompted?.[index]!.prompt
      writer.row({
        image: scored[index]!.name,
        ...(prompt === undefined ? {} : { prompt }),
        scores: values,
        ...row,
      })
      if (report) reported.push({ image: scored[index]!, ...values, ...row } as ReportedRun['images'][number])
    }
    writer.end()
    await report?.write(context, scorers, {
      prompts,
      scored: reported.length,
      thresholds,
      images: reported,
      failed,
    })
    settle(context, failed)
  })
}

/** What a row shows: by model, a list of one a prompt, or a number where the model takes none. */
function valuesOf(kinds: readonly RewardKind[], scores: readonly Scores[]): ScoreRow['scores'] {
  return Object.fromEntries(
    kinds.map(({ name, takesPrompt }) => [
      name,
      takesPrompt ? scores.map((each) => each[name]!) : scores[0]![name],
    ]),
  )
}

/** Each image by its own prompt. */
async function* scoreOwn(
  ...args: Parameters<typeof scorePairs>
): AsyncGenerator<{ index: number; scores: Scores[] }> {
  for await (const { index, scores } of scorePairs(...args)) yield { index, scores: [scores] }
}

/** Every image decoded once for all towers, every prompt encoded once. */
async function* scoreEach(
  { scorers }: LoadedScorers,
  inputs: readonly ImageInput[],
  prompts: readonly string[],
  { io, terminal }: Context,
  onImageError: (error: Error, index: number) => void,
): AsyncGenerator<{ index: number; scores: Scores[] }> {
  const { scoreImages } = await import('../../ranking/score-images.ts')
  const options = { signal: io.signal, onProgress: terminal.progress, onImageError }
  terminal.progress({ stage: 'encode', item: 'images', loaded: 0, total: inputs.length, unit: 'images' })
  yield* scoreImages(inputs, { scorers, prompts, ...options })
}
