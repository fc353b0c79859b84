import { rm, rmdir } from 'node:fs/promises'
import { basename, dirname } from 'node:path'
import { DatasetError, type ErrorCode, InputError, OutputError } from '../../base/errors.ts'
import { checkDatasetOptions } from '../check-dataset-options.ts'
import { type PartColumn, partColumns, type PartShape } from '../parts/part-columns.ts'
import { readPart } from '../parts/part-reader.ts'
import { openPartWriter } from '../parts/part-writer.ts'
import { readModels, requirePlan } from '../plan/plan.ts'
import type { PartFormat } from '../plan/settings.ts'
import { shapeOf } from '../run/dataset-run.ts'
import { outputOf } from '../run/score-dataset.ts'
import { absoluteAddress, isAddress } from '../sources/address.ts'
import { LocalStore } from '../store/local-store.ts'
import { checkParts, type DatasetProblem, type DatasetStatusOptions } from './dataset-status.ts'

export interface MergeDatasetOptions extends DatasetStatusOptions {
  /** A file that is not there yet: `.parquet`, or `.ndjson` (`.jsonl`). */
  readonly to: string
  /** Merge what is there, though shards or rows are missing. Default false. */
  readonly partial?: boolean | undefined
}

/**
 * Writes the rows of all parts into one file, a column `shard` before them, in the order of the plan. Nothing is written where a
 * shard or a row is missing or twice. Throws `DatasetError` (`dataset_part_missing`, `dataset_part_damaged`, `dataset_part_twice`),
 * `OutputError`.
 */
export async function mergeDataset(options: MergeDatasetOptions): Promise<{ readonly rows: number }> {
  checkDatasetOptions(options, 'mergeDataset')
  const { cwd = process.cwd(), signal, partial = false } = options
  const format = formatOf(options.to)
  const to = absoluteAddress(options.to, cwd)
  const folder = new LocalStore(dirname(to))
  if ((await folder.size(basename(to))) !== undefined) throw isThere(to)
  const out = outputOf(options)
  const plan = await requirePlan(out)
  const { status, parts } = await checkParts(out, plan, options)
  refuse(status.problems, status.out, partial)
  const models = (await readModels(out)) ?? {}
  const shape: PartShape = { ...shapeOf(plan, models), format }
  const draft = await folder.draft()
  let current = ''
  const shard: PartColumn = {
    name: 'shard',
    element: { name: 'shard', type: 'BYTE_ARRAY', converted_type: 'UTF8', repetition_type: 'REQUIRED' },
    value: () => current,
  }
  let rows = 0
  try {
    const writer = await openPartWriter(draft, format, [shard, ...partColumns(shape)], 'merged')
    try {
      for (const { id } of plan.shards) {
        const part = parts.current.get(id)
        if (!part) continue
        current = id
        for await (const row of readPart(out, part, plan.settings.kinds, signal)) {
          await writer.write([row])
          rows++
        }
        // Its rows are told by its name, so none may wait for the next shard's.
        await writer.flush()
      }
      await writer.close()
    } finally {
      await writer.abandon()
    }
    if (!(await folder.createFromFile(basename(to), draft))) throw isThere(to)
  } finally {
    await rm(draft, { force: true })
    // Nobody looks for it beside the file; where others write there too, it is not empty.
    await rmdir(dirname(draft)).catch(() => undefined)
  }
  return { rows }
}

function formatOf(path: string): PartFormat {
  if (/\.parquet$/i.test(path)) return 'parquet'
  if (/\.(?:ndjson|jsonl)$/i.test(path) && !isAddress(path)) return 'ndjson'
  throw new InputError(
    'input_invalid_option',
    'The merged file is a .parquet or .ndjson file of this machine.',
    {
      to: path,
    },
  )
}

const isThere = (path: string): OutputError =>
  new OutputError('output_not_ours', `${path} is there already. Remove it, or choose another name.`, { path })

const TWICE: readonly DatasetProblem['kind'][] = [
  'part_damaged',
  'part_twice',
  'rows_twice',
  'rows_unknown',
  'part_unknown',
]

function refuse(problems: readonly DatasetProblem[], out: string, partial: boolean): void {
  const counted = problems.filter(({ kind }) => !partial || TWICE.includes(kind))
  const [first] = counted
  if (!first) return
  const isMissing = counted.some(({ kind }) => !TWICE.includes(kind))
  const isDamaged = first.kind === 'part_damaged'
  const more = counted.length > 1 ? ` and ${counted.length - 1} more` : ''
  const advice =
    first.kind === 'part_missing'
      ? 'Score the rest'
      : 'Remove what is not ours or damaged, and score its shard again'
  throw new DatasetError(
    codeOf(isDamaged, isMissing),
    `${out} is not whole: ${describe(first)}${more}. ${advice}; \`icthp dataset status\` names all.`,
    { out, problems: counted },
  )
}

function codeOf(isDamaged: boolean, isMissing: boolean): ErrorCode {
  if (isDamaged) return 'dataset_part_damaged'
  return isMissing ? 'dataset_part_missing' : 'dataset_part_twice'
}

const WORDS: Readonly<Record<DatasetProblem['kind'], string>> = {
  part_missing: 'there is no part of',
  part_damaged: 'there is a damaged part of',
  part_twice: 'there are two parts of',
  rows_missing: 'rows are missing in the part of',
  rows_twice: 'rows are twice in the part of',
  rows_unknown: 'no images belong to rows in the part of',
  part_unknown: 'no shard belongs to',
}

/** A problem in words, without the reason. */
export function describe({ kind, shard, rows }: DatasetProblem): string {
  const places = rows ? ` (row ${rows.slice(0, 5).join(', ')}${rows.length > 5 ? ', …' : ''})` : ''
  return `${WORDS[kind]} ${shard}${places}`
}
