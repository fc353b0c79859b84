import { type Command } from 'commander'
import type { DatasetStatus } from '../../../dataset/check/dataset-status.ts'
import type { Context } from '../../context.ts'
import { EXIT } from '../../exit-codes.ts'
import { addCommonOptions, once } from '../../options/common-options.ts'
import { count } from '../../output/format-quantity.ts'
import { addQueue, type OutFlags, type QueueFlags } from './dataset-options.ts'
import { redisOf, tellingWaits } from './dataset-settings.ts'

export function addStatus(dataset: Command, context: Context): void {
  const command = dataset
    .command('status')
    .summary('what is done, and whether a shard or a row is missing or twice')
    .requiredOption('-o, --out <dir>', 'where the parts are', once)
    .option('--recount', 'count the images in the sources anew, which reads them all')
    .option('--json', 'one JSON document')
  addQueue(command)
  addCommonOptions(command, [
    'icthp dataset status --out scores/',
    'icthp dataset status --out s3://bucket/scores --redis redis://host --json',
  ]).action(async (flags: OutFlags & QueueFlags & { recount?: true }) => {
    const { datasetStatus, queueCounts } = await import('../../../dataset/index.ts')
    const { io, terminal } = context
    const options = { out: flags.out, cwd: io.cwd, signal: io.signal }
    const status = await tellingWaits(context, () => datasetStatus({ ...options, recount: flags.recount }))
    const redis = flags.redis ?? (flags.queue === undefined ? undefined : redisOf(flags, context))
    const queue =
      redis === undefined ? undefined : await queueCounts({ ...options, redis, queue: flags.queue })
    if (flags.json) terminal.json(queue ? { ...status, queue } : status)
    else {
      terminal.lines(await tellStatus(status))
      if (queue) {
        const { waiting, active, delayed, failed } = queue
        terminal.lines([
          `queue ${queue.queue}: ${waiting} waiting, ${active} at work, ${delayed} to be tried again, ${failed} failed`,
        ])
      }
    }
    if (!status.complete) context.exitCode = EXIT.incomplete
  })
}

/** Problems that are named on a terminal; `--json` has all. */
const NAMED = 20

async function tellStatus({ shards, rows, problems, complete }: DatasetStatus): Promise<string[]> {
  const { describe } = await import('../../../dataset/check/merge-dataset.ts')
  const held = shards.held > 0 ? `, ${shards.held} at work` : ''
  const failed = rows.failed > 0 ? `, ${rows.failed} of images that failed` : ''
  const told = problems.slice(0, NAMED).map((problem) => {
    const why = problem.why ? `: ${problem.why.message} (${problem.why.code})` : ''
    return `  ${describe(problem)}${why}`
  })
  return [
    `${shards.done} of ${count(shards.total, 'shard')} done${held}`,
    `${count(rows.done, 'row')}${failed}`,
    complete ? 'no shard and no row is missing or twice' : `${count(problems.length, 'problem')}:`,
    ...told,
    ...(problems.length > NAMED ? [`  … and ${problems.length - NAMED} more (--json)`] : []),
  ]
}
