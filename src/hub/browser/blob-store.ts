/**
 * Where a browser keeps models: Blobs by name. Pass one of your own as `cache` to `fromPretrained`; `get` should give
 * Blobs that lie on disk, since models are large.
 */
export interface BlobStore {
  /** Shown to users, for example `OPFS`. */
  readonly name: string
  /** `undefined` where there is none of that name. */
  get(key: string): Promise<Blob | undefined>
  /** Keys are letters, digits and `-._~%`. Rejects with an error named `QuotaExceededError` where there is no room. */
  set(key: string, blob: Blob): Promise<void>
  /** Does nothing where there is none. */
  delete(key: string): Promise<void>
  keys(): Promise<string[]>
}

/** Keeps Blobs as long as the page is open. */
export class MemoryStore implements BlobStore {
  readonly name: string = 'memory'
  readonly #blobs = new Map<string, Blob>()

  async get(key: string): Promise<Blob | undefined> {
    return this.#blobs.get(key)
  }

  async set(key: string, blob: Blob): Promise<void> {
    this.#blobs.set(key, blob)
  }

  async delete(key: string): Promise<void> {
    this.#blobs.delete(key)
  }

  async keys(): Promise<string[]> {
    return [...this.#blobs.keys()]
  }
}
