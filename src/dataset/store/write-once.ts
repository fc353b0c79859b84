import { randomUUID } from 'node:crypto'
import { DatasetError } from '../../base/errors.ts'
import type { Store } from './store.ts'

/**
 * Tries whether a store keeps what was written first: some imitations of S3 answer 200 to a second `If-None-Match: *`, and
 * then two workers could both believe that a part is theirs. Throws `DatasetError` `dataset_store_unsafe`.
 */
export async function checkWriteOnce(store: Store): Promise<void> {
  const key = `probe/${randomUUID()}`
  const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
  const [first, second] = [await store.create(key, bytes('first')), await store.create(key, bytes('second'))]
  const kept = await store.read(key)
  await store.remove(key)
  if (first && !second && kept && new TextDecoder().decode(kept) === 'first') return
  throw new DatasetError(
    'dataset_store_unsafe',
    `${store.address} lets an object be written twice (it does not honour If-None-Match: *), so a shard could get two parts. ` +
      'Update the server, or choose another place for --out.',
    { store: store.address },
  )
}
