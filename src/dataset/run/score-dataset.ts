import { InputError, show } from '../../base/errors.ts'
import type { OnProgress } from '../../base/progress.ts'
import { onAbort } from '../../base/waiting/on-abort.ts'
import { scorersIn, type ScorersOption } from '../../ranking/score-images.ts'
import { checkDatasetOptions } from '../check-dataset-options.ts'
import { Leases } from '../leases/leases.ts'
import { listParts, type PartName } from '../parts/part-name.ts'
import { hasFailedRows } from '../parts/part-reader.ts'
import { makePlan, type Plan } from '../plan/plan.ts'
import type { DatasetSettings } from '../plan/settings.ts'
import { absoluteAddress } from '../sources/address.ts'
import { findInputs, type FoundInput, isLookedAt } from '../sources/find-inputs.ts'
import type { Shard } from '../sources/shard.ts'
import { openOutput } from '../store/open-store.ts'
import type { Store } from '../store/store.ts'
import { hearWaits, type StoreWait } from '../store/waits.ts'
import { checkWriteOnce } from '../store/write-once.ts'
import { DatasetRun, type ShardOutcome } from './dataset-run.ts'
import type { ShardProblem } from './failures.ts'
import { Pending } from './pending.ts'
import { RunProgress } from './run-progress.ts'
import type { Share } from './share.ts'

type GivenSettings = {
  readonly [name in keyof Omit<DatasetSettings, 'kinds'>]?: DatasetSettings[name] | undefined
}

export interface PlanDatasetOptions extends GivenSettings {
  /** A folder, or `s3://bucket/prefix`: where the parts go. */
  readonly out: string
  /** Images in a shard of loose files, lines in one of a JSONL file. Default 1000. */
  readonly shardSize?: number | undefined
  /** What relative paths are relative to. Default the working folder. */
  readonly cwd?: string | undefined
  readonly signal?: AbortSignal | undefined
}

export interface ScoreDatasetOptions extends ScorersOption, PlanDatasetOptions {
  /** This task's share of the shards. Default all, which any number of processes may share by their leases. */
  readonly share?: Share | undefined
  /** Make the failed rows of parts anew, too. Default false. */
  readonly retryFailed?: boolean | undefined
  /** A folder that keeps what the vision towers answered, by content, model and precision. */
  readonly cache?: string | undefined
  /** Shards that are worked at together. Default 2, so that one is opened while another is scored. */
  readonly jobs?: number | undefined
  /** Milliseconds without a sign of life after which a shard is anybody's. Default 60,000. */
  readonly lease?: number | undefined
  readonly onProgress?: OnProgress | undefined
  /** Hears once of each store that does not answer and is asked again, after some seconds; it is given up after a minute or two. */
  readonly onWait?: ((wait: StoreWait) => void) | undefined
  /** Hears of each shard as it ends here. */
  readonly onShard?: ((shard: Shard, outcome: ShardOutcome) => void) | undefined
}

/** What a run came to. */
export interface DatasetSummary {
  /** Shards of the plan, of this share. */
  readonly shards: number
  /** Of them, scored by this run. */
  readonly scored: number
  /** Rows that this run made. */
  readonly rows: number
  /** Of them, images that failed. */
  readonly failedRows: number
  /** Shards that could not be scored. */
  readonly problems: readonly ShardProblem[]
}

/**
 * Scores a dataset into an output: one part a shard, one row an image, whatever is killed. What is done is not done again, so the
 * same call goes on where another ended; several at once, on as many machines, share the work. Throws `DatasetError`
 * (`dataset_source_invalid`, `dataset_settings_differ`, `dataset_store_unsafe`, `dataset_store_failed`), `BackendError`, `OutputError`.
 */
export function scoreDataset(
  sources: readonly string[] | readonly FoundInput[],
  options: ScoreDatasetOptions,
): Promise<DatasetSummary> {
  return hearWaits(options?.onWait, () => scoreAll(sources, options))
}

async function scoreAll(
  sources: readonly string[] | readonly FoundInput[],
  options: ScoreDatasetOptions,
): Promise<DatasetSummary> {
  const out = outputOf(options)
  const scorers = scorersIn(options)
  const plan = await planDataset(sources, { ...options, kinds: scorers.map(({ kind }) => kind.name) }, out)
  const run = await DatasetRun.open(out, plan, scorers, options)
  const { share = { index: 0, count: 1 } } = options
  const shards = plan.shards.filter((_, i) => i % share.count === share.index)
  return new ShardRun(run, shards, options).run()
}

export function outputOf(options: Pick<PlanDatasetOptions, 'out' | 'cwd'>): Store {
  checkDatasetOptions(options, 'a dataset')
  const { out, cwd = process.cwd() } = options
  if (typeof out === 'string' && out !== '') return openOutput(absoluteAddress(out, cwd))
  throw new InputError('input_invalid_option', `out is a folder or s3://bucket/prefix, not ${show(out)}.`)
}

/** Writes down which shards there are, as `scoreDataset` and `enqueueDataset` start. Safe to call from many at once. */
export async function planDataset(
  sources: readonly string[] | readonly FoundInput[],
  options: PlanDatasetOptions & Pick<DatasetSettings, 'kinds'>,
  out: Store = outputOf(options),
): Promise<Plan> {
  const { cwd = process.cwd(), shardSize = 1000, signal, format = 'parquet' } = options
  const { kinds, prompt, promptFrom, plain, columns, embeddings } = options
  await checkWriteOnce(out)
  const settings: DatasetSettings = {
    kinds,
    ...(prompt === undefined ? {} : { prompt }),
    ...(promptFrom === undefined ? {} : { promptFrom }),
    ...(plain ? { plain } : {}),
    ...(columns === undefined ? {} : { columns }),
    format,
    ...(embeddings === undefined ? {} : { embeddings }),
  }
  const inputs = isLookedAt(sources) ? sources : await findInputs(sources, { cwd, signal })
  return makePlan(out, inputs, settings, { shardSize, signal })
}

/** A shard with the part whose failed rows are to be made anew, where there is one. */
interface Task {
  readonly shard: Shard
  readonly previous: PartName | undefined
}

/** Works at the shards of a process until all are done, here or elsewhere. */
class ShardRun {
  readonly #leases: Leases
  readonly #progress: RunProgress
  readonly #stop = new AbortController()
  readonly #retries = new Map<string, PartName>()
  readonly #counts = { scored: 0, rows: 0, failedRows: 0 }
  readonly #problems: ShardProblem[] = []
  readonly #lease: number

  constructor(
    private readonly run_: DatasetRun,
    private readonly shards: readonly Shard[],
    private readonly options: ScoreDatasetOptions,
  ) {
    this.#lease = options.lease ?? 60_000
    this.#leases = new Leases(run_.out, { duration: this.#lease })
    this.#progress = new RunProgress(shards, options.onProgress)
  }

  async run(): Promise<DatasetSummary> {
    const { signal, jobs = 2 } = this.options
    signal?.throwIfAborted()
    const forget = onAbort(signal, () => this.#stop.abort(signal!.reason))
    try {
      const shards = await this.#undone()
      const pending = new Pending(shards, {
        pause: Math.min(this.#lease / 4, 5000),
        signal: this.#stop.signal,
        look: (held) => this.#stillUndone(held),
      })
      const work = async (): Promise<void> => {
        for (let shard = await pending.next(); shard; shard = await pending.next())
          await this.#try(shard, pending)
      }
      const all = Array.from({ length: Math.min(jobs, shards.length) }, () => work())
      // The first to fail ends the others; all have ended before the error is told.
      for (const each of all) each.catch((error: unknown) => this.#stop.abort(error))
      await Promise.allSettled(all)
      this.#stop.signal.throwIfAborted()
    } finally {
      forget()
    }
    return { shards: this.shards.length, ...this.#counts, problems: this.#problems }
  }

  /** The shards without a part, and those with failed rows where they are wanted; from anywhere, where others are at work. */
  async #undone(): Promise<Shard[]> {
    const { out } = this.run_
    const { current, superseded } = await listParts(out, this.#stop.signal)
    for (const { key } of superseded) await out.remove(key)
    const undone: Shard[] = []
    for (const shard of this.shards) {
      const part = current.get(shard.id)
      if (!part) undone.push(shard)
      else if (this.options.retryFailed && (await hasFailedRows(out, part, this.#stop.signal))) {
        this.#retries.set(shard.id, part)
        undone.push(shard)
      } else this.#progress.end(shard)
    }
    const held = await this.#leases.held(this.#stop.signal)
    const start = held.size === 0 ? 0 : Math.floor(Math.random() * undone.length)
    return [...undone.slice(start), ...undone.slice(0, start)]
  }

  async #stillUndone(held: readonly Shard[]): Promise<Shard[]> {
    const { current } = await listParts(this.run_.out, this.#stop.signal)
    return held.filter((shard) => {
      const isDone =
        (current.get(shard.id)?.generation ?? -1) > (this.#retries.get(shard.id)?.generation ?? -1)
      if (isDone) this.#progress.end(shard)
      return !isDone
    })
  }

  async #try(shard: Shard, pending: Pending): Promise<void> {
    const task: Task = { shard, previous: this.#retries.get(shard.id) }
    const lease = await this.#leases.take(leaseName(task))
    if (!lease) return pending.hold(shard)
    let outcome: ShardOutcome
    try {
      outcome = (await this.#isDone(task)) ? { state: 'done' } : await this.#score(task, lease.signal)
    } catch (error) {
      this.#stop.signal.throwIfAborted()
      // Another worker has it now.
      if (lease.signal.aborted && error === lease.signal.reason) return pending.hold(shard)
      throw error
    } finally {
      await lease.release()
    }
    this.#note(shard, outcome)
  }

  #score({ shard, previous }: Task, lease: AbortSignal): Promise<ShardOutcome> {
    const signals = [this.#stop.signal, lease]
    return this.run_.score(shard, { signals, previous, onRow: () => this.#progress.row() })
  }

  async #isDone({ shard, previous }: Task): Promise<boolean> {
    if (!previous) return this.run_.isDone(shard)
    return (await this.run_.out.size(previous.key)) === undefined
  }

  #note(shard: Shard, outcome: ShardOutcome): void {
    if (outcome.state === 'scored') {
      this.#counts.scored++
      this.#counts.rows += outcome.rows
      this.#counts.failedRows += outcome.failed
    }
    if (outcome.state === 'failed') this.#problems.push(outcome.problem)
    this.#progress.end(shard, outcome.state === 'scored' ? outcome.rows : undefined)
    this.options.onShard?.(shard, outcome)
  }
}

/** Failed rows that are made anew are work of their own. */
const leaseName = ({ shard, previous }: Task): string =>
  previous ? `${shard.id}.r${previous.generation + 1}` : shard.id
