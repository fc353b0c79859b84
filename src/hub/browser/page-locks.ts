/** What is used of the Web Locks API (`navigator.locks`). */
export interface Locks {
  /** Runs `work` while it holds the lock; with `ifAvailable` at once, with `null` where others hold it. */
  request<T>(name: string, options: LockRequest, work: (lock: object | null) => Promise<T>): Promise<T>
}

/** `ifAvailable` and `signal` do not go together. */
export interface LockRequest {
  readonly mode?: 'exclusive' | 'shared'
  readonly ifAvailable?: boolean
  readonly signal?: AbortSignal
}

/** Who holds a lock, and who waits for it, in the order in which they came. */
interface Line {
  holders: number
  shared: boolean
  readonly waiting: { readonly shared: boolean; enter(): void }[]
}

/** Locks within one page, for browsers that have none between pages, and for stores that no other page sees. */
export class PageLocks implements Locks {
  readonly #lines = new Map<string, Line>()

  async request<T>(
    name: string,
    { mode = 'exclusive', ifAvailable = false, signal }: LockRequest,
    work: (lock: object | null) => Promise<T>,
  ): Promise<T> {
    signal?.throwIfAborted()
    let line = this.#lines.get(name)
    if (!line) this.#lines.set(name, (line = { holders: 0, shared: false, waiting: [] }))
    const shared = mode === 'shared'
    if (line.waiting.length > 0 || !isFree(line, shared)) {
      if (ifAvailable) return work(null)
      await this.#wait(line, shared, signal)
    } else hold(line, shared)
    try {
      return await work({ name, mode })
    } finally {
      line.holders--
      this.#admit(line)
      if (line.holders === 0) this.#lines.delete(name)
    }
  }

  #wait(line: Line, shared: boolean, signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const place = {
        shared,
        enter: () => {
          signal?.removeEventListener('abort', leave)
          resolve()
        },
      }
      const leave = (): void => {
        line.waiting.splice(line.waiting.indexOf(place), 1)
        reject(signal!.reason as Error)
        this.#admit(line)
      }
      line.waiting.push(place)
      signal?.addEventListener('abort', leave, { once: true })
    })
  }

  #admit(line: Line): void {
    for (let next; (next = line.waiting[0]) && isFree(line, next.shared);) {
      line.waiting.shift()
      hold(line, next.shared)
      next.enter()
    }
  }
}

const isFree = ({ holders, shared }: Line, toShare: boolean): boolean => holders === 0 || (shared && toShare)

function hold(line: Line, shared: boolean): void {
  line.holders++
  line.shared = shared
}
