import type { BlobStore } from './blob-store.ts'

// Entries are named by addresses; nothing is ever fetched from these.
const PREFIX = '/.icthp-cache/'

/** Responses in the Cache API, which every browser has on secure addresses. */
export class CacheApiStore implements BlobStore {
  readonly name = 'Cache API'
  readonly #cache: Cache

  private constructor(cache: Cache) {
    this.#cache = cache
  }

  /** `undefined` where the browser has none. */
  static async open(name: string): Promise<CacheApiStore | undefined> {
    try {
      return new CacheApiStore(await caches.open(name))
    } catch {
      return undefined
    }
  }

  async get(key: string): Promise<Blob | undefined> {
    return (await this.#cache.match(PREFIX + key))?.blob()
  }

  set(key: string, blob: Blob): Promise<void> {
    return this.#cache.put(PREFIX + key, new Response(blob))
  }

  async delete(key: string): Promise<void> {
    await this.#cache.delete(PREFIX + key)
  }

  async keys(): Promise<string[]> {
    return (await this.#cache.keys()).map(({ url }) => new URL(url).pathname.slice(PREFIX.length))
  }
}
