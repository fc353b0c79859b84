import type { DatasetError } from '../../base/errors.ts'
import type { Shard } from '../sources/shard.ts'
import type { Store } from '../store/store.ts'

/** Why a shard has no part yet. */
export interface ShardProblem {
  readonly shard: string
  readonly address: string
  readonly code: string
  readonly message: string
}

const FOLDER = 'failures/'

export const problemOf = ({ id, address }: Shard, { code, message }: DatasetError): ShardProblem => ({
  shard: id,
  address,
  code,
  message,
})

/** Writes down the last reason, for `status` to tell. */
export async function noteFailure(out: Store, problem: ShardProblem): Promise<void> {
  const key = `${FOLDER}${problem.shard}.json`
  await out.remove(key)
  await out.create(key, new TextEncoder().encode(JSON.stringify(problem)))
}

/** One that is damaged says no more than one that is not there: it is a note, and the shard is scored again anyway. */
export async function readFailure(out: Store, shard: string): Promise<ShardProblem | undefined> {
  const bytes = await out.read(`${FOLDER}${shard}.json`)
  try {
    const problem = bytes && (JSON.parse(new TextDecoder().decode(bytes)) as ShardProblem | null)
    return typeof problem?.message === 'string' ? problem : undefined
  } catch {
    return undefined
  }
}
