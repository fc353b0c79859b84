import type { Environment } from '../../base/environment.ts'
import { InputError, show } from '../../base/errors.ts'

/** Of `count` tasks that divide the shards among them, this is number `index`, from 0. */
export interface Share {
  readonly index: number
  readonly count: number
}

/** Where schedulers tell a task which of how many it is; `first` is the number of their first. */
interface Scheduler {
  readonly name: string
  readonly index: string
  readonly count?: string
  readonly first?: string
  readonly step?: string
}

const SCHEDULERS: readonly Scheduler[] = [
  {
    name: 'Slurm',
    index: 'SLURM_ARRAY_TASK_ID',
    count: 'SLURM_ARRAY_TASK_COUNT',
    first: 'SLURM_ARRAY_TASK_MIN',
    step: 'SLURM_ARRAY_TASK_STEP',
  },
  { name: 'AWS Batch', index: 'AWS_BATCH_JOB_ARRAY_INDEX', count: 'AWS_BATCH_JOB_ARRAY_SIZE' },
  { name: 'Kubernetes', index: 'JOB_COMPLETION_INDEX' },
  { name: 'Google Cloud Batch', index: 'BATCH_TASK_INDEX', count: 'BATCH_TASK_COUNT' },
  { name: 'Cloud Run jobs', index: 'CLOUD_RUN_TASK_INDEX', count: 'CLOUD_RUN_TASK_COUNT' },
  { name: 'srun', index: 'SLURM_PROCID', count: 'SLURM_NTASKS' },
]

/**
 * `2/8`: the third of eight tasks. `auto`: which it is, a scheduler's environment says; `auto/8` where it does not say of how many, as
 * Kubernetes (or set `ICTHP_SHARD_COUNT`). Throws `InputError` `input_invalid_option`.
 */
export function parseShare(text: string, env: Environment): Share {
  const given = typeof text === 'string' ? text : ''
  if (typeof env !== 'object' || env === null)
    throw invalid(`The environment is an object of texts, not ${show(env)}.`)
  const [, index, count] = /^(auto|\d{1,9})(?:\/(\d{1,9}))?$/.exec(given) ?? []
  if (index === undefined || (index !== 'auto' && count === undefined)) {
    throw invalid(`--shard is INDEX/COUNT from 0, auto or auto/COUNT, not ${show(text)}.`)
  }
  const share =
    index === 'auto' ? found(env, count) : { index: Number(index), count: Number(count), name: 'It' }
  if (share.count >= 1 && share.index < share.count && Number.isInteger(share.index))
    return { index: share.index, count: share.count }
  throw invalid(
    `There is no task ${share.index} of ${share.count}: they are counted from 0. Make the array as long as --shard says.`,
  )
}

function found(env: Environment, given: string | undefined): Share {
  const scheduler = SCHEDULERS.find(({ index }) => numberIn(env, index) !== undefined)
  if (!scheduler) {
    const names = SCHEDULERS.map(({ name, index }) => `${name} (${index})`).join(', ')
    throw invalid(
      `--shard auto finds no task of an array in the environment: not of ${names}. Give --shard INDEX/COUNT.`,
    )
  }
  const first = (scheduler.first && numberIn(env, scheduler.first)) || 0
  const step = (scheduler.step && numberIn(env, scheduler.step)) || 1
  const count =
    given ?? env['ICTHP_SHARD_COUNT'] ?? (scheduler.count === undefined ? undefined : env[scheduler.count])
  if (count === undefined || !/^\d+$/.test(count)) {
    throw invalid(
      `${scheduler.name} does not say how many tasks there are. Give --shard auto/COUNT, or set ICTHP_SHARD_COUNT.`,
    )
  }
  return { index: (numberIn(env, scheduler.index)! - first) / step, count: Number(count) }
}

function numberIn(env: Environment, name: string): number | undefined {
  const text = env[name]
  return typeof text === 'string' && /^\d+$/.test(text) ? Number(text) : undefined
}

const invalid = (message: string): InputError => new InputError('input_invalid_option', message)
