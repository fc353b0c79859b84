import { type BlobStore, MemoryStore } from './blob-store.ts'
import { FileLocks } from './file-locks.ts'
import { type Locks, PageLocks } from './page-locks.ts'

const ofThisPage = new PageLocks()
const ofMemory = new WeakMap<BlobStore, Locks>()

/**
 * Between all pages of the origin by Web Locks; within the page where there are none (addresses that are not secure, old
 * browsers), and for what lies in the page's memory.
 */
export async function fileLocksOf(store: BlobStore): Promise<FileLocks> {
  if (store instanceof MemoryStore) {
    const locks = ofMemory.get(store) ?? new PageLocks()
    ofMemory.set(store, locks)
    return new FileLocks(locks, store.name)
  }
  return new FileLocks((await webLocks()) ?? ofThisPage, store.name)
}

async function webLocks(): Promise<Locks | undefined> {
  try {
    // Frames without an origin have them in name only.
    await navigator.locks.query()
    return navigator.locks as Locks
  } catch {
    return undefined
  }
}
