import { onAbort } from '../../base/waiting/on-abort.ts'
import { type DeskObserver, secondsSince } from './desk-observer.ts'
import type { Line, Turns } from './turns.ts'

interface Run {
  readonly order: number
  start(): Promise<void>
}

/** Runs of a tower that are asked for whole, one a turn. */
export class TowerRunLine implements Line {
  readonly name: string
  readonly #turns: Turns
  readonly #observer: DeskObserver
  readonly #waiting = new Set<Run>()

  constructor(name: string, turns: Turns, observer: DeskObserver) {
    this.name = name
    this.#turns = turns
    this.#observer = observer
    turns.add(this)
  }

  get oldest(): number | undefined {
    for (const { order } of this.#waiting) return order
    return undefined
  }

  /** Settles as `work` does, once it has had its turn; rejects with `signal.reason` as soon as the signal aborts. */
  add<T>(order: number, rows: number, work: () => Promise<T>, signal: AbortSignal): Promise<T> {
    return new Promise((resolve, reject) => {
      const run: Run = {
        order,
        start: async () => {
          const start = performance.now()
          try {
            const result = await work()
            this.#observer.batch(this.name, rows, secondsSince(start))
            resolve(result)
          } catch (error) {
            reject(error as Error)
          } finally {
            forget()
          }
        },
      }
      const forget = onAbort(signal, () => {
        this.#waiting.delete(run)
        reject(signal.reason as Error)
      })
      this.#waiting.add(run)
      this.#turns.wake()
    })
  }

  async run(): Promise<void> {
    for (const run of this.#waiting) {
      this.#waiting.delete(run)
      return run.start()
    }
  }
}
