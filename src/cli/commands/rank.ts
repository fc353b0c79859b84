import { type Command, InvalidArgumentError, Option } from 'commander'
import { allKinds, HP, ICT, isKind, kindNamed, type PerKind, type RewardKind } from '../../models/kinds.ts'
import { type AnyRule, combineRules, defaultRule, type Weights } from '../../ranking/combine.ts'
import { type Ranking, scoreIn } from '../../ranking/rank-scores.ts'
import {
  addCommonOptions,
  addFormatOptions,
  addImages,
  addRunOptions,
  finiteNumber,
  formatOf,
  kindsFor,
  once,
  type ScoringFlags,
  thresholdsOf,
  wholeNumber,
} from '../common-options.ts'
import { type Context, imageFailure, reportFailure, settle } from '../context.ts'
import { UsageError } from '../exit-codes.ts'
import { expandImages, type ImageFailure } from '../expand-images.ts'
import { addPromptSource, asAsked, type PromptSourceFlags, readImagePrompts } from '../image-prompts.ts'
import { withScorers } from '../load-scorers.ts'
import { noteCutOwnPrompts, noteCutPrompts, notePromptUnused } from '../note-cut-prompts.ts'
import { count } from '../output/format-quantity.ts'
import { writeRanking } from '../output/write-ranking.ts'
import { openPictureOutputs } from '../picture-outputs.ts'
import { scorePairs } from '../score-pairs.ts'

interface RankFlags extends ScoringFlags, PromptSourceFlags {
  readonly prompt?: string
  readonly combine?: AnyRule
  readonly weights?: Partial<Weights>
  readonly top?: number
}

export function addRank(program: Command, context: Context): void {
  const command = program
    .command('rank')
    .summary('order images, best first')
    .description(
      'Scores images against a prompt and orders them, best first. Without a prompt they are ordered by HP alone. ' +
        'The rules of --combine can order images differently, so every result names the one used.',
    )
  addImages(command)
  command.option('-p, --prompt <text>', 'what the images should show', once)
  addPromptSource(command, ['prompt'])
  addRunOptions(command)
    .addOption(
      new Option(
        '--combine <rule>',
        'how ICT and HP become one score (default: weighted where both are there)',
      ).choices(combineRules()),
    )
    .option('--weights <weights>', 'for weighted: ict=0.5,hp=0.5 or 0.5,0.5', parseWeights)
    .option('--top <n>', 'only the best n', wholeNumber(1))
  addFormatOptions(command)
  addCommonOptions(command, [
    'icthp rank renders/ --prompt "a tiny dragon in a teacup" --top 5',
    'icthp rank *.png --prompt "a red fox" --combine product --min-ict 0.7 --min-hp 0.6 --json',
    'icthp rank *.png --prompt "a red fox" --html report.html',
    'icthp rank *.png --prompt "a red fox" --top 8 --sheet best.png',
    'icthp rank *.png --only hp --csv',
    'icthp rank renders/ --prompt-from metadata --plain',
  ]).action((images: string[], flags: RankFlags) => rank(images, flags, context))
}

async function rank(args: readonly string[], flags: RankFlags, context: Context): Promise<void> {
  const { io, terminal } = context
  const { promptFrom, weights, top } = flags
  const thresholds = thresholdsOf(flags)
  const checked = Object.keys(thresholds).length > 0
  const [prompt] = await asAsked([flags.prompt], flags)
  const kinds = kindsFor(flags, (prompt ?? promptFrom) !== undefined)
  const combine = ruleFor(flags, kinds)
  const report = await openPictureOutputs(flags, io.cwd)
  const { images, failures } = await expandImages(args, { ...io, recursive: flags.recursive })
  if (kinds.length === 1 && !flags.only) terminal.note('no prompt, so the images are ranked by HP alone')
  notePromptUnused(context, kinds, prompt === undefined ? 0 : 1)
  await withScorers(context, kinds, flags, { watch: report?.watch }, async (scorers) => {
    const { reader, label } = scorers
    const failed: ImageFailure[] = []
    const fail = (failure: ImageFailure): void => {
      failed.push(failure)
      reportFailure(context, failure)
    }
    failures.forEach(fail)
    const prompted =
      promptFrom !== undefined && reader ? await readImagePrompts(context, images, flags, fail) : undefined
    if (reader && prompted) noteCutOwnPrompts(context, reader, prompted)
    else if (reader) noteCutPrompts(context, reader, [prompt!])
    const ranked = prompted ?? images
    terminal.progress({ stage: 'encode', item: 'images', loaded: 0, total: images.length, unit: 'images' })
    const [{ rankImages }, { rankScores }] = await Promise.all([
      import('../../ranking/rank-images.ts'),
      import('../../ranking/rank-scores.ts'),
    ])
    const onImageError = (error: Error, index: number): void => fail(imageFailure(ranked[index]!, error))
    const ranking = prompted
      ? rankScores(await collected(scorePairs(scorers, prompted, context, onImageError)), {
          combine,
          weights,
          topK: top,
          thresholds,
        })
      : await rankImages(
          images.map(({ input }) => input),
          {
            scorers: scorers.scorers,
            prompt,
            combine,
            weights,
            topK: top,
            thresholds,
            signal: io.signal,
            onProgress: terminal.progress,
            onImageError,
          },
        )
    const scored = images.length + failures.length - failed.length
    // Before anything is printed: a reader that has enough of it (`| head`) ends the run.
    await report?.write(context, scorers, {
      prompts: prompt === undefined ? [] : [prompt],
      ranking,
      scored,
      thresholds,
      images: ranking.results.map(({ index, passed, ...result }) => ({
        image: ranked[index]!,
        ...result,
        ...(checked ? { passed } : {}),
      })),
      failed,
    })
    const results = ranking.results.map(({ index, ...result }) => ({
      image: ranked[index]!.name,
      ...(prompted ? { prompt: prompted[index]!.prompt } : {}),
      index: prompted?.[index]!.place ?? index,
      ...result,
    }))
    writeRanking(formatOf(flags), terminal, {
      ranking,
      results,
      prompt,
      label,
      failed,
      thresholds: checked,
    })
    noteReversedHp(context, ranking)
    const used = ranking.weights
    terminal.note(`${count(scored, 'image')} ranked by ${combine}` + (used ? ` (${sharesOf(used)})` : ''))
    settle(context, failed)
  })
}

/** A product with a negative factor: of two such images the one with the lower HP comes first. */
function noteReversedHp({ terminal }: Context, { combine, results }: Ranking): void {
  if (combine !== 'product' && combine !== 'softmax') return
  const negative = results.filter((result) => (scoreIn(result, ICT) ?? 0) < 0).length
  if (negative > 0)
    terminal.note(
      `ICT is below 0 for ${count(negative, 'image')}, and ${combine} multiplies: among them a higher HP ranks lower. ` +
        '--combine weighted adds instead',
    )
}

async function collected<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = []
  for await (const item of items) list.push(item)
  return list
}

/** `0.5·ICT + 0.5·HP`. */
const sharesOf = (weights: object): string =>
  Object.entries(weights)
    .map(([name, weight]) => `${weight}·${kindNamed(name).label}`)
    .join(' + ')

/** The rule, checked before minutes of work. */
function ruleFor({ combine, weights }: RankFlags, kinds: readonly RewardKind[]): AnyRule {
  const rule = combine ?? defaultRule(kinds)
  const needed = isKind(rule) ? [kindNamed(rule)] : kinds.length > 1 ? [] : [ICT, HP]
  const lacks = needed.find((kind) => !kinds.includes(kind))
  if (lacks)
    throw new UsageError(
      `--combine ${rule} needs ${lacks.label} scores: give a --prompt, and leave out --only.`,
    )
  if (weights && rule !== 'weighted')
    throw new UsageError(`--weights is for --combine weighted, not for ${rule}.`)
  return rule
}

export function parseWeights(text: string): Partial<Weights> {
  const names = allKinds().map(({ name }) => name)
  const bad = new InvalidArgumentError(
    `Give ${names.map((name) => `${name}=NUMBER`).join(',')}, or NUMBER,NUMBER.`,
  )
  const parts = text.split(',').map((part) => part.trim())
  if (parts.every((part) => !part.includes('='))) {
    if (parts.length !== names.length) throw bad
    return Object.fromEntries(names.map((name, i) => [name, finiteNumber(parts[i]!)]))
  }
  const weights: PerKind<number> = {}
  for (const part of parts) {
    const at = part.indexOf('=')
    const name = part.slice(0, Math.max(0, at)).trim().toLowerCase()
    if (!isKind(name) || weights[name] !== undefined) throw bad
    weights[name] = finiteNumber(part.slice(at + 1))
  }
  return weights as Partial<Weights>
}
