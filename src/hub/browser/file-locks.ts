import type { Locks } from './page-locks.ts'

/**
 * Keeps pages that load the same file out of each other's way. Whoever writes a file is alone with it; whoever uses a file
 * keeps it from being dropped, and holds up no writer, so that no two loads can wait for each other.
 */
export class FileLocks {
  readonly #locks: Locks
  readonly #store: string

  /** `store`: the name of where the files lie; the same file elsewhere is another. */
  constructor(locks: Locks, store: string) {
    this.#locks = locks
    this.#store = store
  }

  /** Waits until no other page writes the file; rejects as soon as `signal` aborts. */
  write<T>(sha256: string, work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    return this.#locks.request(this.#name('write', sha256), signal ? { signal } : {}, work)
  }

  /** Until the returned function is called, `drop` leaves the file alone. */
  use(sha256: string, signal?: AbortSignal): Promise<() => void> {
    return new Promise((resolve, reject) => {
      const held = (): Promise<void> => new Promise((letGo) => resolve(letGo))
      this.#locks
        .request(this.#name('use', sha256), { mode: 'shared', ...(signal ? { signal } : {}) }, held)
        .catch(reject)
    })
  }

  /** For deleting: does nothing, and says `false`, where a page writes or uses the file. */
  drop(sha256: string, work: () => Promise<void>): Promise<boolean> {
    const whenFree = (what: 'write' | 'use', then: () => Promise<boolean>): Promise<boolean> =>
      this.#locks.request(
        this.#name(what, sha256),
        { ifAvailable: true },
        async (lock) => lock !== null && (await then()),
      )
    return whenFree('write', () => whenFree('use', () => work().then(() => true)))
  }

  #name(what: 'write' | 'use', sha256: string): string {
    return `icthp ${what} ${this.#store} ${sha256}`
  }
}
