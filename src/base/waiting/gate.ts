import { onAbort } from './on-abort.ts'

/**
 * Lets in so much at a time, by weight (bytes, or a count); the rest waits in the order in which it came. What alone weighs
 * more than there is room for goes in by itself.
 */
export class Gate {
  readonly #capacity: number
  #inside = 0
  readonly #waiting = new Set<{ readonly weight: number; readonly enter: () => void }>()

  constructor(capacity: number) {
    this.#capacity = capacity
  }

  /** Resolves to what lets go of the room again, which may be called twice. Rejects with `signal.reason`. */
  async enter(weight: number, signal?: AbortSignal): Promise<() => void> {
    signal?.throwIfAborted()
    const share = Math.min(weight, this.#capacity)
    if (this.#waiting.size > 0 || this.#inside + share > this.#capacity) await this.#wait(share, signal)
    else this.#inside += share
    let left = false
    return () => {
      if (left) return
      left = true
      this.#inside -= share
      this.#admit()
    }
  }

  #wait(weight: number, signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const place = { weight, enter: () => (forget(), resolve()) }
      this.#waiting.add(place)
      const forget = onAbort(signal, () => {
        this.#waiting.delete(place)
        reject(signal!.reason as Error)
        this.#admit()
      })
    })
  }

  #admit(): void {
    for (const place of this.#waiting) {
      if (this.#inside + place.weight > this.#capacity) return
      this.#waiting.delete(place)
      this.#inside += place.weight
      place.enter()
    }
  }
}
