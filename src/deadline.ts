/**
 * A signal that aborts with `outer`, or when nobody has called `refresh` for `milliseconds`, or at `end`.
 * `AbortSignal.any` would do, but Node 20 may collect such a signal while a fetch still counts on it.
 */
export class Deadline {
  readonly #controller = new AbortController()
  readonly #outer: AbortSignal | undefined
  readonly #milliseconds: number
  readonly #follow = (): void => this.#controller.abort(this.#outer?.reason)
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor(milliseconds: number, outer?: AbortSignal) {
    this.#milliseconds = milliseconds
    this.#outer = outer
    outer?.addEventListener('abort', this.#follow, { once: true })
    if (outer?.aborted) this.#follow()
    this.refresh()
  }

  get signal(): AbortSignal {
    return this.#controller.signal
  }

  refresh(): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.#controller.abort(), this.#milliseconds)
  }

  /** Stops waiting, and hangs up what still listens to the signal. */
  end(): void {
    clearTimeout(this.#timer)
    this.#outer?.removeEventListener('abort', this.#follow)
    this.#controller.abort()
  }
}
