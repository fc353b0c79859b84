import type { Job } from 'bullmq'
import type { OnProgress } from '../../base/progress.ts'
import { onAbort } from '../../base/waiting/on-abort.ts'
import { sleep } from '../../base/waiting/sleep.ts'
import { scorersIn, type ScorersOption } from '../../ranking/score-images.ts'
import { partKey, type PartName } from '../parts/part-name.ts'
import { readPlan, requirePlan } from '../plan/plan.ts'
import { DatasetRun, type ShardOutcome } from '../run/dataset-run.ts'
import { outputOf } from '../run/score-dataset.ts'
import type { Shard } from '../sources/shard.ts'
import { checkWriteOnce } from '../store/write-once.ts'
import { queueName, type QueueOptions, type ShardJob } from './dataset-queue.ts'
import { connectQueue, type QueueConnection } from './load-bullmq.ts'

export interface DatasetWorkerOptions extends QueueOptions, ScorersOption {
  /** Ends where no job is left, instead of waiting for more. Default false. */
  readonly untilDone?: boolean | undefined
  /** Shards that are worked at together. Default 2. */
  readonly jobs?: number | undefined
  /** Milliseconds without a sign of life after which a job is given to another worker. Default 60,000. */
  readonly lock?: number | undefined
  /** A folder that keeps what the vision towers answered. */
  readonly cache?: string | undefined
  readonly onProgress?: OnProgress | undefined
  readonly onShard?: ((shard: Shard, outcome: ShardOutcome) => void) | undefined
}

/** As often as a worker may die: a job is lost only where it is told so. */
const ANY_NUMBER = 1_000_000

/**
 * Takes shards from a queue and scores them until `signal` aborts (the shards at hand are then left to others) or, with
 * `untilDone`, no job is left. Locks are renewed however long a batch takes, since towers and decoders run on threads of their own;
 * where one is lost all the same, the part that is written first counts. Throws as `scoreDataset` does, and `InputError`
 * `input_package_missing`.
 */
export async function datasetWorker(options: DatasetWorkerOptions): Promise<{ readonly rows: number }> {
  const out = outputOf(options)
  const plan = await requirePlan(out)
  await checkWriteOnce(out)
  const run = await DatasetRun.open(out, plan, scorersIn(options), options)
  const connection = await connectQueue(options.redis)
  try {
    return await new QueueWorker(run, connection, options).run()
  } finally {
    connection.redis.disconnect()
  }
}

class QueueWorker {
  readonly #shards: Map<string, Shard>
  readonly #stop = new AbortController()
  #rows = 0

  constructor(
    private readonly run_: DatasetRun,
    private readonly connection: QueueConnection,
    private readonly options: DatasetWorkerOptions,
  ) {
    this.#shards = new Map(run_.plan.shards.map((shard) => [shard.id, shard]))
  }

  async run(): Promise<{ readonly rows: number }> {
    const { signal, jobs = 2, lock = 60_000, untilDone = false, queue } = this.options
    signal?.throwIfAborted()
    const forget = onAbort(signal, () => this.#stop.abort(signal!.reason))
    const name = queueName(this.run_.out, queue)
    const worker = new this.connection.bullmq.Worker<ShardJob>(name, (job) => this.#work(job), {
      connection: this.connection.redis,
      concurrency: Math.min(jobs, Math.max(1, this.#shards.size)),
      lockDuration: lock,
      // Half is what BullMQ renews at; a quarter leaves room for a slow network.
      lockRenewTime: lock / 4,
      stalledInterval: lock / 2,
      maxStalledCount: ANY_NUMBER,
    })
    worker.on('error', () => undefined)
    try {
      await this.#wait(name, untilDone)
    } finally {
      forget()
      await worker.close(this.#stop.signal.aborted)
    }
    return { rows: this.#rows }
  }

  async #wait(name: string, untilDone: boolean): Promise<void> {
    const queue = new this.connection.bullmq.Queue(name, { connection: this.connection.redis })
    try {
      for (;;) {
        await sleep(500, this.#stop.signal)
        if (!untilDone) continue
        const counts = await queue.getJobCounts('waiting', 'prioritized', 'active', 'delayed')
        if (Object.values(counts).every((count) => count === 0)) return
      }
    } finally {
      await queue.close()
    }
  }

  async #work(job: Job<ShardJob>): Promise<void> {
    const shard = await this.#shardOf(job.data.shard)
    const previous = this.#previousOf(job.data)
    const { out } = this.run_
    if (previous ? (await out.size(previous.key)) === undefined : await this.run_.isDone(shard)) return
    let outcome: ShardOutcome
    try {
      outcome = await this.run_.score(shard, {
        signals: [this.#stop.signal],
        previous,
        onRow: () => this.#progress(),
      })
    } catch (error) {
      // The same would befall every other shard: this worker ends, and the job goes to another.
      this.#stop.abort(error)
      throw error
    }
    this.options.onShard?.(shard, outcome)
    if (outcome.state === 'failed') {
      const { UnrecoverableError } = this.connection.bullmq
      throw new UnrecoverableError(`${outcome.problem.message} (${outcome.problem.code})`)
    }
  }

  #progress(): void {
    this.#rows++
    this.options.onProgress?.({ stage: 'encode', item: 'images', loaded: this.#rows, unit: 'images' })
  }

  /** Of sources that were enqueued after this worker began, too. */
  async #shardOf(id: string): Promise<Shard> {
    if (!this.#shards.has(id))
      for (const shard of (await readPlan(this.run_.out))?.shards ?? []) this.#shards.set(shard.id, shard)
    const shard = this.#shards.get(id)
    if (shard) return shard
    throw new this.connection.bullmq.UnrecoverableError(
      `The plan of ${this.run_.out.address} has no shard ${id}.`,
    )
  }

  #previousOf({ shard, previous }: ShardJob): PartName | undefined {
    if (previous === undefined) return undefined
    const { format } = this.run_.plan.settings
    return { key: partKey(shard, previous, format), shard, generation: previous, format, size: 0 }
  }
}
