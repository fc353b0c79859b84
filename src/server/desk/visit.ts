import { RequestError } from '../../base/errors.ts'
import { onAbort } from '../../base/waiting/on-abort.ts'

/** One request's stay at the desk: it ends by an answer, by its time, or since its client went away. */
export class Visit {
  readonly #stop = new AbortController()
  readonly #leftovers: (() => void)[] = []

  get signal(): AbortSignal {
    return this.#stop.signal
  }

  /** What is to be taken back at the end, however it ends; each may be called after its work was done. */
  leaving(takeBack: () => void): void {
    this.#leftovers.push(takeBack)
  }

  /** Rejects with `RequestError` `request_timeout`, or with the reason of `outer`. */
  async of<T>(
    work: (visit: Visit) => Promise<T>,
    timeoutMs: number,
    outer: AbortSignal | undefined,
  ): Promise<T> {
    outer?.throwIfAborted()
    const forget = onAbort(outer, () => this.#stop.abort(outer!.reason))
    const timer = setTimeout(() => this.#stop.abort(tooLate(timeoutMs)), Math.min(timeoutMs, MOST_MS))
    try {
      return await new Promise<T>((resolve, reject) => {
        onAbort(this.signal, () => reject(this.signal.reason as Error))
        work(this).then(resolve, reject)
      })
    } finally {
      clearTimeout(timer)
      forget()
      for (const takeBack of this.#leftovers) takeBack()
    }
  }
}

/** What timers can hold; they take more for nothing. */
const MOST_MS = 2 ** 31 - 1

const tooLate = (timeoutMs: number): RequestError =>
  new RequestError(
    'request_timeout',
    `The request was not answered within ${timeoutMs / 1000} s: too much waits, or it holds too much. Send fewer images, or ` +
      'raise --timeout.',
    { timeoutMs, retryAfter: 1 },
  )
