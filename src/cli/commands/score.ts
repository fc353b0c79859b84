import type { Command } from 'commander'
import type { Scores } from '../../ranking/combine.ts'
import { passes } from '../../ranking/rank-scores.ts'
import { rowScores, type ScoreRow } from '../../ranking/results.ts'
import type { Context } from '../context.ts'
import { refuseStdinTwice } from '../input/read-stdin.ts'
import {
  addCommonOptions,
  addFormatOptions,
  addImages,
  addRunOptions,
  collect,
  formatOf,
} from '../options/common-options.ts'
import { addSourceOptions } from '../options/pair-options.ts'
import { scoreWriter } from '../output/score-writers.ts'
import { addPromptSource, asAsked } from '../prompts/image-prompts.ts'
import { readPrompts } from '../prompts/read-prompts.ts'
import type { RunFlags } from '../scoring/open-images.ts'
import type { ReportedRun } from '../scoring/reported-run.ts'
import { type ScoringRun, withScoringRun } from '../scoring/scoring-run.ts'

interface ScoreFlags extends RunFlags {
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
  addImages(command, { optional: true })
  command
    .option('-p, --prompt <text>', 'what the images should show; may be given several times', collect)
    .option('--prompts-file <file>', 'more prompts, one a line; - for stdin')
  addPromptSource(command, ['prompt', 'promptsFile'])
  addSourceOptions(command, ['prompt', 'promptsFile'])
  addRunOptions(command)
  addFormatOptions(command)
  addCommonOptions(command, [
    'icthp score teacup.png --prompt "a tiny dragon in a teacup"',
    'icthp score renders/ --prompts-file prompts.txt --csv > scores.csv',
    'icthp score "renders/**/*.webp" --only hp --ndjson',
    'icthp score renders/ --prompt-from metadata --plain',
    'icthp score --pairs pairs.csv --columns image=path,prompt=caption --csv --safe > scores.csv',
    'find renders -name "*.png" | icthp score --list - --prompt "a red fox"',
  ]).action((images: string[], flags: ScoreFlags) => score(images, flags, context))
}

async function score(args: readonly string[], flags: ScoreFlags, context: Context): Promise<void> {
  refuseStdinTwice(args, { '--list': flags.list, '--prompts-file': flags.promptsFile })
  const given = await readPrompts(flags.prompt ?? [], flags.promptsFile, context.io)
  const prompts = await asAsked(given, flags)
  const format = formatOf(flags)
  const options = { context, alone: 'no prompt, so HP alone is scored' }
  await withScoringRun(args, flags, prompts, options, async (run) => {
    const { kinds, thresholds, checked: passed } = run
    const head = { ...run.scorers.label, prompts, kinds, passed, ownPrompts: run.prompted }
    const writer = scoreWriter(format, context.terminal, head, flags)
    run.onFailure = (failure) => writer.failed(failure)
    await run.begin()
    const reported: ReportedRun['images'][number][] = []
    for await (const { index, scores } of run.scores()) {
      const row = rowOf(run, index, scores)
      writer.row(row)
      if (run.outputs) reported.push(reportedOf(run, index, row))
      run.forget(index)
    }
    writer.end()
    const scored = reported.length
    await run.outputs?.write(context, run.scorers, {
      prompts,
      scored,
      thresholds,
      images: reported,
      failed: run.failed,
    })
    run.settle()
  })
}

function rowOf(run: ScoringRun, index: number, scores: readonly Scores[]): ScoreRow {
  const prompt = run.own(index)?.prompt
  return {
    image: run.image(index).name,
    ...(prompt === undefined ? {} : { prompt }),
    scores: rowScores(run.kinds, scores),
    ...(run.checked ? { passed: scores.every((each) => passes(each, run.thresholds)) } : {}),
  }
}

const reportedOf = (run: ScoringRun, index: number, row: ScoreRow): ReportedRun['images'][number] =>
  ({
    image: run.image(index),
    ...row.scores,
    ...(row.prompt === undefined ? {} : { prompt: row.prompt }),
    ...(row.passed === undefined ? {} : { passed: row.passed }),
  }) as ReportedRun['images'][number]
