import { createHash } from 'node:crypto'
import type { Queue } from 'bullmq'
import { listParts } from '../parts/part-name.ts'
import { hasFailedRows } from '../parts/part-reader.ts'
import { type Plan, requirePlan } from '../plan/plan.ts'
import type { DatasetSettings } from '../plan/settings.ts'
import { outputOf, planDataset, type PlanDatasetOptions } from '../run/score-dataset.ts'
import type { FoundInput } from '../sources/find-inputs.ts'
import type { Store } from '../store/store.ts'
import { connectQueue } from './load-bullmq.ts'

export interface QueueOptions extends Pick<PlanDatasetOptions, 'out' | 'cwd' | 'signal'> {
  /** `redis://[:password@]host[:port][/db]`. */
  readonly redis: string
  /** Default one of the output's own. */
  readonly queue?: string | undefined
}

/** What a job says: which shard, and whether its failed rows are made anew. */
export interface ShardJob {
  readonly shard: string
  /** Of the part that is to be replaced. */
  readonly previous?: number
}

export interface QueueCounts {
  readonly queue: string
  readonly waiting: number
  readonly active: number
  readonly delayed: number
  /** Jobs that will not be tried again; `enqueueDataset` puts them back. */
  readonly failed: number
}

export const queueName = (out: Store, given: string | undefined): string =>
  given ?? `icthp-${createHash('sha256').update(out.address).digest('hex').slice(0, 12)}`

/** Tries of a shard before it is left to the next `enqueueDataset`. */
const ATTEMPTS = 5
/** Jobs that are sent together. */
const BULK = 500

/**
 * Plans a dataset and puts a job for each shard without a part into a queue, where it is not yet. Throws as `scoreDataset` does, and
 * `InputError` `input_package_missing`.
 */
export async function enqueueDataset(
  sources: readonly string[] | readonly FoundInput[],
  options: PlanDatasetOptions &
    Pick<DatasetSettings, 'kinds'> &
    QueueOptions & { readonly retryFailed?: boolean | undefined },
): Promise<{ readonly shards: number; readonly enqueued: number; readonly queue: string }> {
  const out = outputOf(options)
  const plan = await planDataset(sources, options, out)
  const jobs = await jobsOf(out, plan, options)
  const name = queueName(out, options.queue)
  await withQueue(options.redis, name, async (queue) => {
    // What has failed would keep its number, and not be taken again.
    await queue.clean(0, 0, 'failed')
    for (let at = 0; at < jobs.length; at += BULK) {
      options.signal?.throwIfAborted()
      await queue.addBulk(
        jobs.slice(at, at + BULK).map((data) => ({ name: 'shard', data, opts: jobOptions(data) })),
      )
    }
  })
  return { shards: plan.shards.length, enqueued: jobs.length, queue: name }
}

/** A shard is one job however often it is enqueued. */
const jobOptions = ({ shard, previous }: ShardJob): object => ({
  jobId: previous === undefined ? shard : `${shard}.r${previous + 1}`,
  attempts: ATTEMPTS,
  backoff: { type: 'exponential', delay: 1000 },
  removeOnComplete: true,
})

async function jobsOf(
  out: Store,
  { shards }: Plan,
  {
    retryFailed = false,
    signal,
  }: { readonly retryFailed?: boolean | undefined; readonly signal?: AbortSignal | undefined },
): Promise<ShardJob[]> {
  const { current } = await listParts(out, signal)
  const jobs: ShardJob[] = []
  for (const { id } of shards) {
    const part = current.get(id)
    if (!part) jobs.push({ shard: id })
    else if (retryFailed && (await hasFailedRows(out, part, signal)))
      jobs.push({ shard: id, previous: part.generation })
  }
  return jobs
}

/** How many jobs of an output wait, run and have failed. */
export async function queueCounts(options: QueueOptions): Promise<QueueCounts> {
  const out = outputOf(options)
  await requirePlan(out)
  const name = queueName(out, options.queue)
  const counts = await withQueue(options.redis, name, (queue) =>
    queue.getJobCounts('waiting', 'prioritized', 'active', 'delayed', 'failed'),
  )
  const { waiting = 0, prioritized = 0, active = 0, delayed = 0, failed = 0 } = counts
  return { queue: name, waiting: waiting + prioritized, active, delayed, failed }
}

async function withQueue<T>(url: string, name: string, work: (queue: Queue) => Promise<T>): Promise<T> {
  const { bullmq, redis } = await connectQueue(url)
  const queue = new bullmq.Queue(name, { connection: redis })
  try {
    return await work(queue)
  } finally {
    await queue.close()
    redis.disconnect()
  }
}
