import { type BlobStore, MemoryStore } from './blob-store.ts'
import { CacheApiStore } from './cache-api-store-web.ts'
import { OpfsStore } from './opfs-store-web.ts'

const NAME = 'icthp'

/** The origin private file system, else the Cache API, else memory. All pages of the origin share it. */
export async function openDefaultStore(): Promise<BlobStore> {
  return (await OpfsStore.open(NAME)) ?? (await CacheApiStore.open(NAME)) ?? new MemoryStore()
}
