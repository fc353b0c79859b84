import { onAbort } from './on-abort.ts'
import { timerLimit } from './timer-limit.ts'

/**
 * A signal that aborts with `outer`, or when nobody has called `refresh` for `milliseconds`, or at `end`.
 * `AbortSignal.any` would do, but Node 20 may collect such a signal while a fetch still counts on it.
 */
export class Deadline {
  readonly #controller = new AbortController()
  readonly #forget: () => void
  readonly #milliseconds: number
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor(milliseconds: number, outer?: AbortSignal) {
    this.#milliseconds = milliseconds
    const follow = (): void => this.#controller.abort(outer?.reason)
    this.#forget = onAbort(outer, follow)
    if (outer?.aborted) follow()
    this.refresh()
  }

  get signal(): AbortSignal {
    return this.#controller.signal
  }

  refresh(): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.#controller.abort(), timerLimit(this.#milliseconds))
  }

  /** Stops waiting, and hangs up what still listens to the signal. */
  end(): void {
    clearTimeout(this.#timer)
    this.#forget()
    this.#controller.abort()
  }
}
