import { CacheApiStore } from '../../../src/hub/browser/cache-api-store-web.ts'
import { openDefaultStore } from '../../../src/hub/browser/default-store-web.ts'
import { OpfsStore } from '../../../src/hub/browser/opfs-store-web.ts'
import {
  type BlobStore,
  type CachedFile,
  clearCache,
  createWebHub,
  type FileDigest,
  IcthpError,
  listCache,
  MemoryStore,
  type Progress,
} from '../../../src/web.ts'
import { sha256 } from './images.ts'

const STORES: Readonly<Record<StoreName, () => Promise<BlobStore | undefined>>> = {
  default: openDefaultStore,
  opfs: () => OpfsStore.open('icthp-test'),
  'cache api': () => CacheApiStore.open('icthp-test'),
  memory: async () => new MemoryStore(),
}
export type StoreName = 'default' | 'opfs' | 'cache api' | 'memory'

const open = async (name: StoreName): Promise<BlobStore> => (await STORES[name]())!

/** Refuses what would go over so many bytes, as a browser does. */
class SmallStore extends MemoryStore {
  override readonly name = 'small'
  #left: number

  constructor(bytes: number) {
    super()
    this.#left = bytes
  }

  override async set(key: string, blob: Blob): Promise<void> {
    if (blob.size > this.#left) throw new DOMException('no room', 'QuotaExceededError')
    this.#left -= blob.size
    await super.set(key, blob)
  }
}

export interface FetchFileOptions {
  readonly store?: StoreName
  /** Bytes after which it is cancelled. */
  readonly abortAt?: number
  /** Bytes after which `/reached` is asked for. */
  readonly tellAt?: number
  /** Bytes that the store has room for. */
  readonly room?: number
}

export interface Fetched {
  readonly sha256?: string
  readonly size?: number
  readonly code?: string
  readonly message?: string
  readonly progress: readonly Progress[]
  readonly notes: readonly string[]
}

export const cacheTests = {
  async storeName(): Promise<string> {
    return (await openDefaultStore()).name
  },

  /** What every store must do. Returns what it did wrong. */
  async storeConformance(name: StoreName): Promise<string[]> {
    const store = await open(name)
    const wrong: string[] = []
    const expect = (what: string, got: unknown, want: unknown): void => {
      if (JSON.stringify(got) !== JSON.stringify(want))
        wrong.push(`${what}: ${JSON.stringify(got)} instead of ${JSON.stringify(want)}`)
    }
    for (const key of await store.keys()) await store.delete(key)
    expect('an empty store has no keys', await store.keys(), [])
    expect('what is not there', (await store.get('a')) ?? null, null)
    await store.delete('a')
    const odd = "file-1a-onnx%2Fmodel_q4.onnx_data~-._!'()*"
    await store.set(odd, new Blob(['first']))
    await store.set(odd, new Blob(['second']))
    await store.set('b', new Blob([new Uint8Array(3_000_000).fill(7)]))
    expect('overwritten', await (await store.get(odd))?.text(), 'second')
    expect('large', (await store.get('b'))?.size, 3_000_000)
    expect('keys', (await store.keys()).sort(), ['b', odd].sort())
    const kept = await (await open(name)).keys()
    expect('opened again', kept.sort(), name === 'memory' ? [] : ['b', odd].sort())
    await store.delete(odd)
    expect('deleted', await store.keys(), ['b'])
    await store.delete('b')
    return wrong
  },

  /** Opens a folder and fetches one file; cancels after so many bytes, or tells the server at `/reached`. */
  async fetchFile(
    folder: string,
    path: string,
    digest: FileDigest,
    { store = 'opfs', abortAt, tellAt, room }: FetchFileOptions = {},
  ): Promise<Fetched> {
    const cache = room === undefined ? await open(store) : new SmallStore(room)
    const controller = new AbortController()
    const progress: Progress[] = []
    let told = tellAt === undefined
    const onProgress = (step: Progress): void => {
      progress.push(step)
      if (abortAt !== undefined && step.stage === 'download' && step.loaded >= abortAt) controller.abort()
      if (told || step.stage !== 'download' || step.loaded < tellAt!) return
      told = true
      void fetch('/reached')
    }
    const opened = await createWebHub({ cache }).open(folder)
    try {
      await opened.readText('icthp.json')
      await opened.expect?.({ [path]: digest }, { onProgress })
      const file = await opened.file(path, digest, { signal: controller.signal, onProgress })
      const { blob } = file as { blob: Blob }
      const bytes = new Uint8Array(await blob.arrayBuffer())
      return { sha256: await sha256(bytes), size: bytes.length, progress, notes: opened.notes ?? [] }
    } catch (error) {
      const { name, message } = error as Error
      return {
        code: error instanceof IcthpError ? error.code : name,
        message,
        progress,
        notes: opened.notes ?? [],
      }
    }
  },

  async listStore(store: StoreName): Promise<CachedFile[]> {
    return listCache(await open(store))
  },

  async storeKeys(store: StoreName): Promise<string[]> {
    return (await open(store)).keys()
  },

  async clearStore(store: StoreName): Promise<void> {
    await clearCache(await open(store))
  },
}
