/** What waits for a tower. */
export interface Line {
  /** When the first of it came, as a rising number; `undefined` where nothing waits. */
  readonly oldest: number | undefined
  /** Runs one batch and tells those who wait for it. Never rejects. */
  run(): Promise<void>
}

/**
 * Whose turn it is: the line whose first has waited longest, one batch at a time, since a tower uses the whole device. What
 * comes meanwhile gathers in the lines, so that batches grow with the load.
 */
export class Turns {
  readonly #lines: Line[] = []
  readonly #atOnce: number
  #running = 0
  #woken = false

  /** `atOnce`: batches at a time; more than one is for backends that run elsewhere. */
  constructor(atOnce = 1) {
    this.#atOnce = atOnce
  }

  add(line: Line): void {
    this.#lines.push(line)
  }

  /** Looks for work once those that come in the same tick have come. */
  wake(): void {
    if (this.#woken) return
    this.#woken = true
    queueMicrotask(() => {
      this.#woken = false
      this.#start()
    })
  }

  #start(): void {
    while (this.#running < this.#atOnce) {
      const line = this.#next()
      if (!line) return
      this.#running++
      void line.run().finally(() => {
        this.#running--
        this.wake()
      })
    }
  }

  #next(): Line | undefined {
    let first: Line | undefined
    let least = Infinity
    for (const line of this.#lines) {
      const { oldest = Infinity } = line
      if (oldest >= least) continue
      first = line
      least = oldest
    }
    return first
  }
}
