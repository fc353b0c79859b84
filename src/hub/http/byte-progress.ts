import type { OnProgress, Progress } from '../../base/progress.ts'

/** Reports bytes of one file, at most every 100 ms, and always the last. */
export class ByteProgress {
  readonly #onProgress: OnProgress | undefined
  readonly #stage: Progress['stage']
  readonly #item: string
  readonly #total: number | undefined
  #last = -Infinity

  constructor(
    onProgress: OnProgress | undefined,
    stage: Progress['stage'],
    item: string,
    total: number | undefined,
  ) {
    this.#onProgress = onProgress
    this.#stage = stage
    this.#item = item
    this.#total = total
  }

  report(loaded: number): void {
    if (this.#onProgress === undefined) return
    const now = performance.now()
    if (loaded !== this.#total && now - this.#last < 100) return
    this.#last = now
    this.#onProgress({
      stage: this.#stage,
      item: this.#item,
      loaded,
      unit: 'bytes',
      ...(this.#total === undefined ? {} : { total: this.#total }),
    })
  }
}
