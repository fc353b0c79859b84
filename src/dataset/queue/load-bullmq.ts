import type * as BullMq from 'bullmq'
import type { Redis } from 'ioredis'
import { InputError } from '../../base/errors.ts'
import { DatasetError } from '../../base/errors.ts'
import { hidePasswords } from '../../base/hide-passwords.ts'

export interface QueueConnection {
  readonly bullmq: typeof BullMq
  readonly redis: Redis
}

/**
 * BullMQ and a connection to Redis. Throws `InputError` `input_package_missing`, `DatasetError` `dataset_store_failed` where Redis
 * gives no answer.
 */
export async function connectQueue(url: string | undefined): Promise<QueueConnection> {
  if (url === undefined)
    throw new InputError(
      'input_invalid_option',
      'The queue is on Redis: give redis, such as redis://host:6379.',
    )
  const [bullmq, { Redis }] = await loadPackages()
  // BullMQ waits for ever, by itself; a server that is not there at the start is told.
  const redis = new Redis(url, { maxRetriesPerRequest: null, lazyConnect: true, connectTimeout: 10_000 })
  let failure: unknown
  redis.on('error', (error) => (failure = error))
  try {
    await redis.connect()
  } catch (cause) {
    redis.disconnect()
    const why = (failure ?? cause) as NodeJS.ErrnoException
    throw new DatasetError(
      'dataset_store_failed',
      `Redis at ${hidePasswords(url)} gives no answer (${why.code ?? why.message}). Check --redis, and that it runs.`,
      { url: hidePasswords(url), cause: why },
    )
  }
  return { bullmq, redis }
}

async function loadPackages(): Promise<[typeof BullMq, { readonly Redis: typeof Redis }]> {
  try {
    return await Promise.all([import('bullmq'), import('ioredis')])
  } catch (cause) {
    throw new InputError(
      'input_package_missing',
      'Queues stand on BullMQ and its Redis client, which are not installed. Run `npm install bullmq ioredis`.',
      { package: 'bullmq', cause },
    )
  }
}
