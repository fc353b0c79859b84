import type { ByteProgress } from '../http/byte-progress.ts'
import type { StreamHash, TransferSink } from '../http/transfer.ts'
import type { BlobStore } from './blob-store.ts'

/** Bytes of a part; the last is smaller. What an interrupted download loses at most, and what it holds in memory. */
const PART_SIZE: number = 2 ** 24

const partKey = (sha256: string, part: number): string => `part-${sha256}-${part}`

/** The sha256 of the file that a key's part belongs to; `undefined` where it is no part's key. */
export const partOwner = (key: string): string | undefined => /^part-([0-9a-f]+)-\d+$/.exec(key)?.[1]

/** A file of a store, in parts, so that it grows without being rewritten. Where the store has no room, parts stay in memory. */
export class PartSink implements TransferSink {
  readonly #store: BlobStore
  readonly #sha256: string
  #parts: Blob[] = []
  /** The part that is being filled. */
  #buffer = new Uint8Array(0)
  #filled = 0
  /** Set to the store's error once it has refused a part. */
  refused: unknown

  constructor(store: BlobStore, sha256: string) {
    this.#store = store
    this.#sha256 = sha256
  }

  async size(): Promise<number> {
    this.#parts = await storedParts(this.#store, this.#sha256)
    this.#filled = 0
    const last = this.#parts.at(-1)
    const size = totalSize(this.#parts)
    if (last && last.size < PART_SIZE) {
      // Goes on where it ended.
      this.#parts.pop()
      this.#open(new Uint8Array(await last.arrayBuffer()))
    }
    return size
  }

  async read(
    hash: StreamHash,
    { signal, progress }: { readonly signal?: AbortSignal | undefined; readonly progress: ByteProgress },
  ): Promise<void> {
    let read = 0
    for (const part of this.#parts) {
      signal?.throwIfAborted()
      hash.update(new Uint8Array(await part.arrayBuffer()))
      progress.report((read += part.size))
    }
    if (this.#filled > 0) hash.update(this.#buffer.subarray(0, this.#filled))
    progress.report(read + this.#filled)
  }

  async write(bytes: Uint8Array): Promise<void> {
    for (let done = 0; done < bytes.length;) {
      if (this.#buffer.length === 0) this.#open(new Uint8Array(0))
      const count = Math.min(bytes.length - done, PART_SIZE - this.#filled)
      this.#buffer.set(bytes.subarray(done, done + count), this.#filled)
      this.#filled += count
      done += count
      if (this.#filled === PART_SIZE) await this.flush()
    }
  }

  /** Puts away what has come of the last part. */
  async flush(): Promise<void> {
    if (this.#filled === 0) return
    const part = new Blob([this.#buffer.subarray(0, this.#filled)])
    this.#filled = 0
    const number = this.#parts.push(part) - 1
    if (this.refused) return
    try {
      await this.#store.set(partKey(this.#sha256, number), part)
      // The store's Blob lies on disk; ours need not stay.
      this.#parts[number] = (await this.#store.get(partKey(this.#sha256, number))) ?? part
    } catch (error) {
      if (!isQuota(error)) throw error
      this.refused = error
    }
  }

  async clear(): Promise<void> {
    this.#parts = []
    this.#filled = 0
    await deleteParts(this.#store, this.#sha256)
  }

  /** All that was written, once it is flushed. Lies where its parts lie; nothing is copied. */
  blob(): Blob {
    return new Blob(this.#parts)
  }

  #open(start: Uint8Array): void {
    if (this.#buffer.length === 0) this.#buffer = new Uint8Array(PART_SIZE)
    this.#buffer.set(start)
    this.#filled = start.length
  }
}

/** The parts from the first on (or `from`), as far as there is no gap. */
export async function storedParts(store: BlobStore, sha256: string, from = 0): Promise<Blob[]> {
  const parts: Blob[] = []
  for (;;) {
    const part = await store.get(partKey(sha256, from + parts.length))
    if (!part || part.size === 0) return parts
    parts.push(part)
    if (part.size < PART_SIZE) return parts
  }
}

export async function deleteParts(store: BlobStore, sha256: string): Promise<void> {
  for (const key of await store.keys()) if (partOwner(key) === sha256) await store.delete(key)
}

export const totalSize = (parts: readonly Blob[]): number => parts.reduce((size, part) => size + part.size, 0)

const isQuota = (error: unknown): boolean => (error as Error | undefined)?.name === 'QuotaExceededError'
