import { rm } from 'node:fs/promises'
import { DatasetError } from '../../base/errors.ts'
import { partColumns, type PartShape } from '../parts/part-columns.ts'
import { partKey, type PartName } from '../parts/part-name.ts'
import { readPart } from '../parts/part-reader.ts'
import { openPartWriter } from '../parts/part-writer.ts'
import type { Row } from '../parts/row.ts'
import { readFileList } from '../plan/file-list.ts'
import type { DatasetSettings } from '../plan/settings.ts'
import { damagedShard } from '../sources/missing.ts'
import { openShard } from '../sources/open-shard.ts'
import type { SampleOrProblem, Shard } from '../sources/shard.ts'
import type { Store } from '../store/store.ts'
import type { SampleScorer } from './score-samples.ts'

/** What a shard needs to become a part. */
export interface ShardTools {
  readonly out: Store
  readonly scorer: SampleScorer
  readonly settings: DatasetSettings
  readonly shape: PartShape
}

export interface ShardRun {
  readonly signal: AbortSignal
  /** Hears of each row as it is scored. */
  readonly onRow: (row: Row) => void
  /** The part whose failed rows are made anew. */
  readonly previous?: PartName | undefined
}

/** What a shard itself is at fault for; the others can go on. Its cause says why. */
export class ShardFailure extends Error {
  constructor(override readonly cause: DatasetError) {
    super(cause.message)
  }
}

/**
 * Scores a shard and writes its part, whole or not at all; false where somebody else had written it by then. Throws
 * `ShardFailure`, and what stops everything: of the towers, of the place of the parts.
 */
export async function scoreShard(shard: Shard, tools: ShardTools, run: ShardRun): Promise<boolean> {
  const { out, shape } = tools
  const { previous } = run
  const generation = previous ? previous.generation + 1 : 0
  const key = partKey(shard.id, generation, shape.format)
  const draft = await out.draft()
  try {
    const writer = await openPartWriter(draft, shape.format, partColumns(shape), shard.id)
    const rows = previous ? retriedRows(shard, tools, run, previous) : freshRows(shard, tools, run)
    try {
      for await (const some of batched(rows)) await writer.write(some)
      await writer.close()
    } finally {
      await writer.abandon()
    }
    run.signal.throwIfAborted()
    const isOurs = await out.createFromFile(key, draft)
    // What it replaces is never counted again; who reads the folder should not see an image twice.
    if (previous) await out.remove(previous.key)
    return isOurs
  } finally {
    await rm(draft, { force: true })
  }
}

const BATCH = 256

async function* batched(rows: AsyncIterable<Row>): AsyncGenerator<Row[]> {
  let batch: Row[] = []
  for await (const row of rows) {
    batch.push(row)
    if (batch.length < BATCH) continue
    yield batch
    batch = []
  }
  yield batch
}

async function* freshRows(shard: Shard, tools: ShardTools, { signal, onRow }: ShardRun): AsyncGenerator<Row> {
  const samples = await samplesOf(shard, tools, signal)
  let count = 0
  for await (const row of tools.scorer.score(samples, signal)) {
    count++
    onRow(row)
    yield row
  }
  if (shard.rows !== undefined && shard.rows !== count && shard.kind === 'files')
    throw new ShardFailure(damagedShard(shard.address, `${count} images were read of ${shard.rows}`))
}

/** All rows of a part, with those that had failed made anew. */
async function* retriedRows(
  shard: Shard,
  tools: ShardTools,
  { signal, onRow }: ShardRun,
  previous: PartName,
): AsyncGenerator<Row> {
  const rows = new Map<number, Row>()
  for await (const row of readPart(tools.out, previous, tools.settings.kinds, signal))
    rows.set(row.index, row)
  const isWanted = (index: number): boolean => rows.get(index)?.error !== undefined
  let seen = 0
  const failed = async function* (): AsyncGenerator<SampleOrProblem> {
    for await (const sample of await samplesOf(shard, tools, signal, isWanted)) {
      seen++
      const row = rows.get(sample.index)
      if (row?.key !== sample.key)
        throw new ShardFailure(damagedShard(shard.address, 'its images are not those that were scored'))
      if (row.error !== undefined) yield sample
    }
  }
  for await (const row of tools.scorer.score(failed(), signal)) {
    rows.set(row.index, row)
    onRow(row)
  }
  if (seen !== rows.size)
    throw new ShardFailure(damagedShard(shard.address, 'its images are not those that were scored'))
  yield* [...rows.values()].sort((a, b) => a.index - b.index)
}

/** The samples of a shard, whose faults are the shard's. */
async function samplesOf(
  shard: Shard,
  { out, settings }: ShardTools,
  signal: AbortSignal,
  wanted?: (index: number) => boolean,
): Promise<AsyncGenerator<SampleOrProblem>> {
  const files = shard.kind === 'files' ? await readFileList(out, shard.id) : undefined
  const { columns, promptFrom } = settings
  const samples = openShard(shard, { columns, files, wanted, sidecars: promptFrom === 'row', signal })
  return guarded(samples)
}

async function* guarded(samples: AsyncIterable<SampleOrProblem>): AsyncGenerator<SampleOrProblem> {
  try {
    yield* samples
  } catch (error) {
    throw error instanceof DatasetError ? new ShardFailure(error) : error
  }
}
