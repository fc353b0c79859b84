import { AsyncLocalStorage } from 'node:async_hooks'

/** A store that does not answer, or not as it should, and is asked again. */
export interface StoreWait {
  /** Without what signs it. */
  readonly url: string
  /** What it answered, or that it did not. */
  readonly reason: string
}

type Hear = (wait: StoreWait) => void

const heard = new AsyncLocalStorage<Hear>()

/** Tells `hear` once of each server that `work` has to wait for. */
export function hearWaits<T>(hear: Hear | undefined, work: () => Promise<T>): Promise<T> {
  if (!hear) return work()
  const told = new Set<string>()
  return heard.run((wait) => {
    const { origin } = new URL(wait.url)
    if (!told.has(origin)) hear(wait)
    told.add(origin)
  }, work)
}

/** Milliseconds after which a wait is worth telling. */
const PATIENCE_MS = 2000

/** Watches one request from its first try to its answer. */
export class Patience {
  readonly #hear = heard.getStore()
  readonly #timer: NodeJS.Timeout | undefined
  #isWaiting = true
  #wait: StoreWait | undefined
  #isOver = false

  constructor() {
    if (!this.#hear) return
    this.#timer = setTimeout(() => {
      this.#isOver = true
      if (this.#isWaiting) this.#tell()
    }, PATIENCE_MS).unref()
  }

  /** Asked of `url`, whose answer has not begun. */
  asks(url: string): void {
    this.#isWaiting = true
    this.#wait ??= { url, reason: 'no answer yet' }
  }

  /** An answer has begun: now it takes as long as it is large. */
  hears(): void {
    this.#isWaiting = false
  }

  /** It is to be tried again. */
  fails(url: string, reason: string): void {
    this.#isWaiting = true
    this.#wait = { url, reason }
    if (this.#isOver) this.#tell()
  }

  end(): void {
    clearTimeout(this.#timer)
  }

  #tell(): void {
    if (this.#wait) this.#hear?.(this.#wait)
  }
}
