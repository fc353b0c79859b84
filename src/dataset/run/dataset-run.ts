import { resolve } from 'node:path'
import { onAbort } from '../../base/waiting/on-abort.ts'
import type { Scorer } from '../../scorers/scorer.ts'
import { EmbeddingCache } from '../cache/embedding-cache.ts'
import type { PartShape } from '../parts/part-columns.ts'
import { partKey, type PartName } from '../parts/part-name.ts'
import type { Row } from '../parts/row.ts'
import { agreeOnModels, type Plan } from '../plan/plan.ts'
import { type DatasetModels, requireSame } from '../plan/settings.ts'
import { SampleScorer } from '../score/score-samples.ts'
import { scoreShard, ShardFailure, type ShardTools } from '../score/score-shard.ts'
import type { Shard } from '../sources/shard.ts'
import type { Store } from '../store/store.ts'
import { noteFailure, problemOf, type ShardProblem } from './failures.ts'

/** What came of trying a shard. */
export type ShardOutcome =
  | { readonly state: 'scored'; readonly rows: number; readonly failed: number }
  /** By somebody else. */
  | { readonly state: 'done' }
  | { readonly state: 'failed'; readonly problem: ShardProblem }

/** Scorers that were made ready to fill an output, whoever says which shard is next. */
export class DatasetRun {
  private constructor(
    readonly out: Store,
    readonly plan: Plan,
    private readonly tools: ShardTools,
  ) {}

  /** Throws `DatasetError` `dataset_settings_differ` where other models have scored into this output. */
  static async open(
    out: Store,
    plan: Plan,
    scorers: readonly Scorer[],
    {
      cache,
      cwd = process.cwd(),
    }: { readonly cache?: string | undefined; readonly cwd?: string | undefined } = {},
  ): Promise<DatasetRun> {
    const kinds = scorers.map(({ kind }) => kind.name)
    requireSame({ kinds: plan.settings.kinds }, { kinds }, out.address)
    await agreeOnModels(out, modelsOf(scorers))
    const { settings } = plan
    const kept = cache === undefined ? undefined : new EmbeddingCache(resolve(cwd, cache), scorers)
    return new DatasetRun(out, plan, {
      out,
      settings,
      scorer: new SampleScorer(scorers, settings, kept),
      shape: shapeOf(plan, modelsOf(scorers)),
    })
  }

  /** Whether a shard has a part. */
  async isDone(shard: Shard): Promise<boolean> {
    return (await this.out.size(partKey(shard.id, 0, this.plan.settings.format))) !== undefined
  }

  /**
   * Scores a shard. A fault of the shard is an outcome, and written down; what it throws would be the same for every other
   * one. Rejects with the reason of a signal that aborts.
   */
  async score(shard: Shard, { signals, previous, onRow }: ScoreOptions): Promise<ShardOutcome> {
    const stop = new AbortController()
    const forget = signals.map((signal) => {
      if (signal?.aborted) stop.abort(signal.reason)
      return onAbort(signal, () => stop.abort(signal!.reason))
    })
    let rows = 0
    let failed = 0
    const count = (row: Row): void => {
      rows++
      if (row.error !== undefined) failed++
      onRow?.(row)
    }
    try {
      const isOurs = await scoreShard(shard, this.tools, { signal: stop.signal, onRow: count, previous })
      return isOurs ? { state: 'scored', rows, failed } : { state: 'done' }
    } catch (error) {
      stop.signal.throwIfAborted()
      if (!(error instanceof ShardFailure)) throw error
      const problem = problemOf(shard, error.cause)
      await noteFailure(this.out, problem)
      return { state: 'failed', problem }
    } finally {
      for (const each of forget) each()
    }
  }
}

interface ScoreOptions {
  readonly signals: readonly (AbortSignal | undefined)[]
  readonly previous?: PartName | undefined
  readonly onRow?: ((row: Row) => void) | undefined
}

/** What the numbers depend on, and how long the embeddings are. */
const modelsOf = (scorers: readonly Scorer[]): DatasetModels =>
  Object.fromEntries(
    scorers.map(({ kind, info, vision }) => {
      const { model, dtype, digest } = info
      const { projectionDim: dim } = vision.parts
      return [kind.name, { model, dtype, dim, ...(digest === undefined ? {} : { digest }) }]
    }),
  )

export function shapeOf({ settings }: Plan, models: DatasetModels): PartShape {
  const { kinds, format, embeddings } = settings
  const dims = Object.fromEntries(Object.entries(models).map(([kind, { dim }]) => [kind, dim]))
  return { kinds, format, dims, ...(embeddings ? { embeddings } : {}) }
}
