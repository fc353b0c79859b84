import { DatasetError } from '../../base/errors.ts'
import { Leases } from '../leases/leases.ts'
import { listParts, type PartName, type Parts } from '../parts/part-name.ts'
import { readPartIndex } from '../parts/part-reader.ts'
import { readFileList } from '../plan/file-list.ts'
import { type Plan, requirePlan } from '../plan/plan.ts'
import { problemOf, readFailure, type ShardProblem } from '../run/failures.ts'
import { outputOf, type PlanDatasetOptions } from '../run/score-dataset.ts'
import { openShard } from '../sources/open-shard.ts'
import type { Shard } from '../sources/shard.ts'
import type { Store } from '../store/store.ts'
import { RowCheck, type RowCounts } from './check-rows.ts'

export interface DatasetStatusOptions extends Pick<PlanDatasetOptions, 'out' | 'cwd' | 'signal'> {
  /** Count the images in the sources anew, too, which reads them all. Default false. */
  readonly recount?: boolean | undefined
}

/** Something that is not as it must be, by shard. */
export interface DatasetProblem {
  readonly kind:
    | 'part_missing'
    | 'part_damaged'
    | 'part_twice'
    | 'part_unknown'
    | 'rows_missing'
    | 'rows_twice'
    | 'rows_unknown'
  /** The shard's id, or the file that belongs to none. */
  readonly shard: string
  /** Where the shard lies. */
  readonly address?: string
  /** Places of rows, the first hundred. */
  readonly rows?: readonly number[]
  /** Why it is missing, where a run wrote that down, or what is the matter with it. */
  readonly why?: ShardProblem
}

export interface DatasetStatus {
  readonly out: string
  readonly shards: {
    readonly total: number
    readonly done: number
    /** Of those that are not done: somebody has a lease of them, which may have expired. */
    readonly held: number
  }
  readonly rows: { readonly done: number; readonly failed: number }
  readonly problems: readonly DatasetProblem[]
  /** No shard and no row is missing or twice. Rows of images that failed count as done. */
  readonly complete: boolean
}

/** Parts that are looked at together. */
const AT_ONCE = 8

/**
 * Holds an output against its plan: which shards have a part, and whether the rows of each are there once. Throws `DatasetError`
 * `dataset_part_missing` where nothing was planned.
 */
export async function datasetStatus(options: DatasetStatusOptions): Promise<DatasetStatus> {
  const out = outputOf(options)
  const plan = await requirePlan(out)
  return (await checkParts(out, plan, options)).status
}

export interface CheckedParts {
  readonly status: DatasetStatus
  readonly parts: Parts
}

export async function checkParts(
  out: Store,
  plan: Plan,
  { recount = false, signal }: Pick<DatasetStatusOptions, 'recount' | 'signal'>,
): Promise<CheckedParts> {
  const parts = await listParts(out, signal)
  const counts = await countAll(out, plan, parts, { recount, signal })
  const problems: DatasetProblem[] = strangers(plan, parts)
  const rows = { done: 0, failed: 0 }
  for (const shard of plan.shards) {
    const found = counts.get(shard.id)
    if (found instanceof DatasetError) {
      const { id, address } = shard
      problems.push({ kind: 'part_damaged', shard: id, address, why: problemOf(shard, found) })
      continue
    }
    if (!found) {
      const why = await readFailure(out, shard.id)
      problems.push({
        kind: 'part_missing',
        shard: shard.id,
        address: shard.address,
        ...(why ? { why } : {}),
      })
      continue
    }
    rows.done += found.rows
    rows.failed += found.failed
    problems.push(...rowProblems(shard, found))
  }
  const held = await new Leases(out).held(signal)
  const undone = plan.shards.filter(({ id }) => !counts.has(id))
  const status: DatasetStatus = {
    out: out.address,
    shards: {
      total: plan.shards.length,
      done: [...counts.values()].filter((found) => !(found instanceof DatasetError)).length,
      held: undone.filter(({ id }) => held.has(id)).length,
    },
    rows,
    problems,
    complete: problems.length === 0,
  }
  return { status, parts }
}

function strangers({ shards }: Plan, { current, twice, strange }: Parts): DatasetProblem[] {
  const known = new Map(shards.map((shard) => [shard.id, shard]))
  return [
    ...twice.map(({ shard }) => ({ kind: 'part_twice' as const, shard, ...addressOf(known.get(shard)) })),
    ...[...current.values()]
      .filter(({ shard }) => !known.has(shard))
      .map(({ key }) => ({ kind: 'part_unknown' as const, shard: key })),
    ...strange.map((key) => ({ kind: 'part_unknown' as const, shard: key })),
  ]
}

const addressOf = (shard: Shard | undefined): { address?: string } =>
  shard ? { address: shard.address } : {}

function rowProblems({ id, address }: Shard, { missing, twice, unknown }: RowCounts): DatasetProblem[] {
  const problem = (kind: DatasetProblem['kind'], rows: readonly number[]): DatasetProblem[] =>
    rows.length === 0 ? [] : [{ kind, shard: id, address, rows: rows.slice(0, 100) }]
  return [
    ...problem('rows_missing', missing),
    ...problem('rows_twice', twice),
    ...problem('rows_unknown', unknown),
  ]
}

interface CountOptions {
  readonly recount: boolean
  readonly signal: AbortSignal | undefined
}

async function countAll(
  out: Store,
  plan: Plan,
  parts: Parts,
  options: CountOptions,
): Promise<Map<string, RowCounts | DatasetError>> {
  const counts = new Map<string, RowCounts | DatasetError>()
  const waiting = plan.shards.flatMap((shard) => {
    const part = parts.current.get(shard.id)
    return part ? [{ shard, part }] : []
  })
  const work = async (): Promise<void> => {
    for (let next = waiting.shift(); next; next = waiting.shift()) {
      options.signal?.throwIfAborted()
      const counted = countOne(out, plan, next.shard, next.part, options)
      counts.set(next.shard.id, await counted.catch(onlyDamage))
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, work))
  return counts
}

/** A part that cannot be read is told, and the others are counted. */
function onlyDamage(error: unknown): DatasetError {
  if (error instanceof DatasetError && error.code === 'dataset_part_damaged') return error
  throw error
}

async function countOne(
  out: Store,
  plan: Plan,
  shard: Shard,
  part: PartName,
  { recount, signal }: CountOptions,
): Promise<RowCounts> {
  const check = new RowCheck()
  for await (const { index, failed } of readPartIndex(out, part, signal)) check.add(index, failed)
  return check.result(recount ? await countShard(out, plan, shard, signal) : knownRows(plan, shard, check))
}

/** Lines of a table that name several images are as many rows; of how many, their columns may have told. */
function knownRows({ settings }: Plan, { kind, rows }: Shard, { places }: RowCheck): number | undefined {
  if (kind !== 'jsonl' || rows === undefined) return rows
  return rows * (settings.columns?.image?.length ?? Math.max(1, Math.ceil(places / rows)))
}

async function countShard(
  out: Store,
  { settings }: Plan,
  shard: Shard,
  signal: AbortSignal | undefined,
): Promise<number> {
  const files = shard.kind === 'files' ? await readFileList(out, shard.id) : undefined
  let count = 0
  const samples = openShard(shard, { columns: settings.columns, files, wanted: () => false, signal })
  for await (const _ of samples) count++
  return count
}
