import type { ShardOutcome } from '../../../dataset/run/dataset-run.ts'
import type { ScoreDatasetOptions } from '../../../dataset/run/score-dataset.ts'
import type { FoundInput } from '../../../dataset/sources/find-inputs.ts'
import type { Shard } from '../../../dataset/sources/shard.ts'
import { kindNamed, type ModelKind } from '../../../models/kinds.ts'
import type { Context } from '../../context.ts'
import { UsageError } from '../../exit-codes.ts'
import { kindsFor } from '../../options/common-options.ts'
import type { DatasetRunFlags, PlanFlags, QueueFlags } from './dataset-options.ts'

type RunOptions = Pick<
  ScoreDatasetOptions,
  'out' | 'cwd' | 'cache' | 'jobs' | 'signal' | 'onProgress' | 'onShard'
>

export const runOptions = ({ out, cache, jobs }: DatasetRunFlags, { io, terminal }: Context): RunOptions => ({
  out,
  cwd: io.cwd,
  cache,
  jobs,
  signal: io.signal,
  onProgress: terminal.progress,
  onShard: (shard: Shard, outcome: ShardOutcome): void => {
    if (outcome.state === 'failed')
      terminal.problem('warning', `${outcome.problem.message} (${outcome.problem.code}; ${shard.id})`)
  },
})

interface AskedSettings {
  readonly inputs: readonly FoundInput[]
  readonly settings: Pick<
    ScoreDatasetOptions,
    'prompt' | 'promptFrom' | 'plain' | 'columns' | 'format' | 'embeddings' | 'shardSize'
  >
  readonly kinds: readonly ModelKind[]
}

/** What the sources are, and what is asked of them. */
export async function settingsOf(
  sources: readonly string[],
  flags: PlanFlags,
  { io, terminal }: Context,
): Promise<AskedSettings> {
  const { findInputs } = await import('../../../dataset/index.ts')
  const inputs: readonly FoundInput[] = await findInputs(sources, { cwd: io.cwd, signal: io.signal })
  const { prompt, plain, columns, format, embeddings, shardSize, only } = flags
  const isTable = inputs.some(({ kind }) => kind !== 'files')
  const asksPrompt = only === undefined || kindNamed(only).takesPrompt
  const found = flags.promptFrom ?? (isTable && prompt === undefined ? 'row' : undefined)
  const promptFrom = asksPrompt ? found : undefined
  const kinds = kindsFor(
    { only } as Parameters<typeof kindsFor>[0],
    prompt !== undefined || promptFrom !== undefined,
  )
  if (kinds.length === 1 && only === undefined) terminal.note('no prompt, so HP alone is scored')
  const settings = {
    prompt: asksPrompt ? prompt : undefined,
    promptFrom,
    plain,
    columns,
    format,
    embeddings,
    shardSize,
  }
  return { inputs, settings, kinds: kinds.map(({ name }) => name) }
}

export function redisOf({ redis }: QueueFlags, { io }: Context): string {
  const url = redis ?? io.env['REDIS_URL']
  if (url) return url
  throw new UsageError('The queue is on Redis: give --redis redis://host, or set REDIS_URL.')
}

/** Says which stores a command has to wait for. */
export async function tellingWaits<T>({ terminal }: Context, work: () => Promise<T>): Promise<T> {
  const { hearWaits } = await import('../../../dataset/store/waits.ts')
  return hearWaits(
    ({ url, reason }) => terminal.note(`${url}: ${reason}; it is asked again, for some minutes`),
    work,
  )
}
