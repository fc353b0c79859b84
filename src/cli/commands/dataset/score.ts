import { type Command } from 'commander'
import type { DatasetSummary } from '../../../dataset/run/score-dataset.ts'
import { kindNamed } from '../../../models/kinds.ts'
import type { Context } from '../../context.ts'
import { EXIT } from '../../exit-codes.ts'
import { addCommonOptions, once } from '../../options/common-options.ts'
import { count } from '../../output/format-quantity.ts'
import { withScorers } from '../../scoring/with-scorers.ts'
import { addRun, addSources, type DatasetRunFlags, type PlanFlags, seconds } from './dataset-options.ts'
import { runOptions, settingsOf, tellingWaits } from './dataset-settings.ts'

export function addDatasetScore(dataset: Command, context: Context): void {
  const command = dataset.command('score').summary('score a dataset, or go on with it')
  addSources(command)
  addRun(command)
  command
    .option(
      '--shard <task>',
      'only a share of the shards: INDEX/COUNT from 0, auto (of an array job), auto/COUNT',
      once,
    )
    .option(
      '--lease <seconds>',
      'silence after which another process takes a shard over (default: 60)',
      seconds,
    )
  addCommonOptions(command, [
    'icthp dataset score renders/ --prompt-from metadata --out scores/',
    'icthp dataset score "s3://bucket/laion/{00000..00999}.tar" --out s3://bucket/scores --embeddings float16',
    'icthp dataset score pickapic.parquet --out scores/ --only hp --shard auto',
  ]).action((sources: string[], flags: PlanFlags & DatasetRunFlags & { shard?: string; lease?: number }) =>
    tellingWaits(context, () => scoreAll(sources, flags, context)),
  )
}

async function scoreAll(
  sources: readonly string[],
  flags: PlanFlags & DatasetRunFlags & { readonly shard?: string; readonly lease?: number },
  context: Context,
): Promise<void> {
  const { io, terminal } = context
  context.goesOn = 'shards that are done are kept; the same command scores the others'
  const { parseShare, scoreDataset } = await import('../../../dataset/index.ts')
  const share = flags.shard === undefined ? undefined : parseShare(flags.shard, io.env)
  const { inputs, settings, kinds } = await settingsOf(sources, flags, context)
  await withScorers(context, kinds.map(kindNamed), flags, {}, async ({ scorers }) => {
    const summary = await scoreDataset(inputs, {
      ...settings,
      ...runOptions(flags, context),
      scorers,
      share,
      retryFailed: flags.retryFailed,
      lease: flags.lease === undefined ? undefined : flags.lease * 1000,
    })
    terminal.clear()
    if (flags.json) terminal.json(summary)
    else terminal.lines(tellSummary(summary, flags.out))
    if (summary.problems.length > 0 || summary.failedRows > 0) context.exitCode = EXIT.incomplete
  })
}

function tellSummary({ shards, scored, rows, failedRows, problems }: DatasetSummary, out: string): string[] {
  const done = shards - problems.length
  return [
    `${done} of ${count(shards, 'shard')} done in ${out}`,
    `${scored} by this run: ${count(rows, 'image')}${failedRows > 0 ? `, ${failedRows} of them failed` : ''}`,
  ]
}
