import { type Command } from 'commander'
import { kindNamed } from '../../../models/kinds.ts'
import type { Context } from '../../context.ts'
import { addCommonOptions, once } from '../../options/common-options.ts'
import { count } from '../../output/format-quantity.ts'
import { withScorers } from '../../scoring/with-scorers.ts'
import {
  addQueue,
  addRun,
  addSources,
  type DatasetRunFlags,
  type PlanFlags,
  type QueueFlags,
  seconds,
} from './dataset-options.ts'
import { redisOf, runOptions, settingsOf, tellingWaits } from './dataset-settings.ts'

export function addEnqueue(dataset: Command, context: Context): void {
  const command = dataset.command('enqueue').summary('put the shards of a dataset into a queue of BullMQ')
  addSources(command)
  addQueue(command)
  addCommonOptions(command, [
    'icthp dataset enqueue s3://bucket/laion/ --out s3://bucket/scores --redis redis://host',
  ]).action(async (sources: string[], flags: PlanFlags & QueueFlags) => {
    const { enqueueDataset } = await import('../../../dataset/index.ts')
    const { io, terminal } = context
    const redis = redisOf(flags, context)
    const { inputs, settings, kinds } = await tellingWaits(context, () => settingsOf(sources, flags, context))
    const { retryFailed, queue, out } = flags
    const options = { ...settings, kinds, retryFailed, queue, redis, out, cwd: io.cwd, signal: io.signal }
    const done = await tellingWaits(context, () => enqueueDataset(inputs, options))
    if (flags.json) terminal.json(done)
    else terminal.lines([`${done.enqueued} of ${count(done.shards, 'shard')} in the queue ${done.queue}`])
  })
}

export function addWorker(dataset: Command, context: Context): void {
  const command = dataset
    .command('worker')
    .summary('score shards from a queue of BullMQ')
    .requiredOption('-o, --out <dir>', 'the output that was enqueued', once)
  addRun(addQueue(command))
    .option(
      '--lock <seconds>',
      'silence after which another worker takes a shard over (default: 60)',
      seconds,
    )
    .option('--until-done', 'end where no shard is left, instead of waiting for more')
  addCommonOptions(command, ['icthp dataset worker --out s3://bucket/scores --redis redis://host']).action(
    (flags: DatasetRunFlags & QueueFlags & { lock?: number; untilDone?: true }) =>
      tellingWaits(context, () => work(flags, context)),
  )
}

async function work(
  flags: DatasetRunFlags & QueueFlags & { readonly lock?: number; readonly untilDone?: true },
  context: Context,
): Promise<void> {
  context.goesOn = 'shards that were at work go back into the queue; the same command goes on'
  const { datasetWorker, plannedKinds } = await import('../../../dataset/index.ts')
  const redis = redisOf(flags, context)
  const { lock, untilDone, queue, out } = flags
  const kinds = await plannedKinds({ out, cwd: context.io.cwd })
  await withScorers(context, kinds.map(kindNamed), flags, {}, async ({ scorers }) => {
    const options = { ...runOptions(flags, context), scorers, redis, queue, untilDone }
    const { rows } = await datasetWorker({ ...options, lock: lock === undefined ? undefined : lock * 1000 })
    context.terminal.clear()
    context.terminal.lines([`${count(rows, 'image')} scored by this worker`])
  })
}
