import type { PickledDict } from '../../../src/server/trainers/pickle/pickle-values.ts'
import { PickledList } from '../../../src/server/trainers/pickle/pickle-values.ts'
import { readPickle } from '../../../src/server/trainers/pickle/read-pickle.ts'

export interface Answer {
  readonly scores?: readonly number[]
  readonly outputs?: readonly number[]
  readonly rewards?: readonly number[]
  readonly results?: readonly Record<string, Record<string, number>>[]
  readonly errors?: readonly Record<string, string>[]
  readonly error?: string
  readonly code?: string
}

/** What a trainer makes of a response: JSON or a pickle. */
export async function readAnswer(response: Response): Promise<Answer> {
  const bytes = new Uint8Array(await response.arrayBuffer())
  if (response.headers.get('content-type')?.includes('json'))
    return JSON.parse(new TextDecoder().decode(bytes)) as Answer
  const dict = readPickle(bytes) as PickledDict
  const keys = ['scores', 'outputs', 'error', 'code'].filter((key) => dict.has(key))
  return Object.fromEntries(
    keys.map((key) => {
      const value = dict.get(key)
      return [key, value instanceof PickledList ? value.items : value]
    }),
  )
}
