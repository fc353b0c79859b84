import { type Command, InvalidArgumentError, Option } from 'commander'
import { allKinds, HP, ICT, isKind, kindNamed, type PerKind, type RewardKind } from '../../models/kinds.ts'
import { type AnyRule, combineRules, defaultRule, type Weights } from '../../ranking/combine.ts'
import { type RankedImage, type Ranking, scoreIn } from '../../ranking/rank-scores.ts'
import type { Context } from '../context.ts'
import { UsageError } from '../exit-codes.ts'
import { BestFiles, type BestFlags } from '../files/best-files.ts'
import {
  addCommonOptions,
  addFormatOptions,
  addImages,
  addRunOptions,
  finiteNumber,
  formatOf,
  once,
  wholeNumber,
} from '../options/common-options.ts'
import { addSourceOptions } from '../options/pair-options.ts'
import { count } from '../output/format-quantity.ts'
import { writeRanking } from '../output/write-ranking.ts'
import { addPromptSource, asAsked } from '../prompts/image-prompts.ts'
import { readPrompts } from '../prompts/read-prompts.ts'
import type { RunFlags } from '../scoring/open-images.ts'
import {
  type RankChoice,
  type RankedRun,
  rankRun,
  reportRanking,
  rowsOf,
  winnersOf,
} from '../scoring/rank-run.ts'
import { withScoringRun } from '../scoring/scoring-run.ts'

interface RankFlags extends RunFlags, BestFlags {
  readonly prompt?: string
  readonly combine?: AnyRule
  readonly weights?: Partial<Weights>
  readonly top?: number
  readonly groupBy?: RankChoice['groupBy']
}

export function addRank(program: Command, context: Context): void {
  const command = program
    .command('rank')
    .summary('order images, best first')
    .description(
      'Scores images against a prompt and orders them, best first. Without a prompt they are ordered by HP alone. ' +
        'The rules of --combine can order images differently, so every result names the one used.',
    )
  addImages(command, { optional: true })
  command.option('-p, --prompt <text>', 'what the images should show', once)
  addPromptSource(command, ['prompt'])
  addSourceOptions(command, ['prompt'])
  addRunOptions(command)
    .addOption(
      new Option(
        '--combine <rule>',
        'how ICT and HP become one score (default: weighted where both are there)',
      ).choices(combineRules()),
    )
    .option('--weights <weights>', 'for weighted: ict=0.5,hp=0.5 or 0.5,0.5', parseWeights)
    .option('--top <n>', 'only the best n, of each group where there are groups', wholeNumber(1))
  addGroupOptions(command)
  addFormatOptions(command)
  addCommonOptions(command, [
    'icthp rank renders/ --prompt "a tiny dragon in a teacup" --top 5',
    'icthp rank *.png --prompt "a red fox" --combine product --min-ict 0.7 --min-hp 0.6 --json',
    'icthp rank *.png --prompt "a red fox" --html report.html',
    'icthp rank *.png --prompt "a red fox" --top 8 --sheet best.png',
    'icthp rank *.png --only hp --csv',
    'icthp rank renders/ --prompt-from metadata --plain',
    'icthp rank --pairs candidates.csv --top 1 --csv > best.csv',
    'icthp rank geneval-run/ --layout geneval --copy-best best/',
  ]).action((images: string[], flags: RankFlags) => rank(images, flags, context))
}

function addGroupOptions(command: Command): Command {
  return command
    .addOption(
      new Option(
        '--group-by <what>',
        'what images with prompts of their own are ranked within: their prompt, or none (default: the groups of ' +
          '--pairs and --layout, else their prompt; with --prompt-from none)',
      ).choices(['prompt', 'none']),
    )
    .addOption(
      new Option(
        '--copy-best <dir>',
        'copy the best of each group there, or --top; overwrite nothing',
      ).conflicts('linkBest'),
    )
    .option('--link-best <dir>', 'the same by hard links, or symbolic ones to another disk')
}

async function rank(args: readonly string[], flags: RankFlags, context: Context): Promise<void> {
  const given =
    flags.prompt === undefined ? [undefined] : await readPrompts([flags.prompt], undefined, context.io)
  const [prompt] = await asAsked(given, flags)
  const format = formatOf(flags)
  const { top, weights, groupBy } = flags
  let combine: AnyRule = 'weighted'
  let best: BestFiles | undefined
  const check = async (kinds: readonly RewardKind[], ownPrompts: boolean): Promise<void> => {
    if (groupBy && !ownPrompts)
      throw new UsageError(
        '--group-by is for images with prompts of their own: --pairs, --layout or --prompt-from.',
      )
    combine = ruleFor(flags, kinds)
    best = await BestFiles.open(flags, context.io.cwd)
  }
  const options = { context, alone: 'no prompt, so the images are ranked by HP alone', check }
  await withScoringRun(args, flags, prompt === undefined ? [] : [prompt], options, async (run) => {
    await run.begin()
    const ranked = await rankRun(run, { combine, top, weights, groupBy })
    // Before anything is printed: a reader that has enough of it (`| head`) ends the run.
    await reportRanking(run, ranked)
    writeRanking(format, context.terminal, {
      ...ranked,
      groups: ranked.groups.map((group) => rowsOf(run, group)),
      prompt,
      label: run.scorers.label,
      failed: run.failed,
      thresholds: run.checked,
      style: flags,
    })
    tellRule(context, run.scored, ranked)
    run.settle()
    await best?.write(context, run.images, winnersOf(run, ranked, top))
  })
}

function tellRule(context: Context, scored: number, { ranking, grouped, groups }: RankedRun): void {
  const { combine, weights } = ranking
  const results = groups.flatMap((group) => group.results)
  noteReversedHp(context, combine, results)
  const within = grouped ? ` within ${count(groups.length, 'group')}` : ''
  context.terminal.note(
    `${count(scored, 'image')} ranked${within} by ${combine}` + (weights ? ` (${sharesOf(weights)})` : ''),
  )
}

/** A product with a negative factor: of two such images the one with the lower HP comes first. */
function noteReversedHp(
  { terminal }: Context,
  combine: Ranking['combine'],
  results: readonly RankedImage[],
): void {
  if (combine !== 'product' && combine !== 'softmax') return
  const negative = results.filter((result) => (scoreIn(result, ICT) ?? 0) < 0).length
  if (negative > 0)
    terminal.note(
      `ICT is below 0 for ${count(negative, 'image')}, and ${combine} multiplies: among them a higher HP ranks lower. ` +
        '--combine weighted adds instead',
    )
}

/** `0.5·ICT + 0.5·HP`. */
const sharesOf = (weights: object): string =>
  Object.entries(weights)
    .map(([name, weight]) => `${weight}·${kindNamed(name).label}`)
    .join(' + ')

/** The rule, checked before minutes of work. */
function ruleFor({ combine, weights }: RankFlags, kinds: readonly RewardKind[]): AnyRule {
  const rule = combine ?? defaultRule(kinds)
  const mixed = kinds.length > 1 ? [] : [ICT, HP]
  const needed = isKind(rule) ? [kindNamed(rule)] : mixed
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
