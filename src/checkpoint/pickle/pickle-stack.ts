import type { PickleBytes } from './pickle-bytes.ts'
import { PickleFault } from './pickle-values.ts'

/** The values that a pickle is at work on, and its memo. Throws `PickleFault` where something is taken that is not there. */
export class PickleStack {
  /** Says where, in errors. */
  readonly #bytes: PickleBytes
  readonly #memo = new Map<number, unknown>()
  /** What lies below each mark. */
  readonly #outer: unknown[][] = []
  #values: unknown[] = []

  constructor(bytes: PickleBytes) {
    this.#bytes = bytes
  }

  /** Down to the last mark. */
  get isEmpty(): boolean {
    return this.#values.length === 0
  }

  push(value: unknown): void {
    this.#values.push(value)
  }

  pop(): unknown {
    if (this.isEmpty) throw this.#empty()
    return this.#values.pop()
  }

  top(): unknown {
    if (this.isEmpty) throw this.#empty()
    return this.#values[this.#values.length - 1]
  }

  popMany(count: number): unknown[] {
    if (this.#values.length < count) throw this.#empty()
    return this.#values.splice(this.#values.length - count, count)
  }

  mark(): void {
    this.#outer.push(this.#values)
    this.#values = []
  }

  /** All values above the last mark, and it. */
  popMark(): unknown[] {
    const items = this.#values
    const below = this.#outer.pop()
    if (!below) throw new PickleFault(`no mark is set at byte ${this.#bytes.at}`)
    this.#values = below
    return items
  }

  /** Keeps the top in the memo; default at the next place. */
  keep(index: number = this.#memo.size): void {
    this.#memo.set(index, this.top())
  }

  /** Pushes what the memo has there. */
  recall(index: number): void {
    if (!this.#memo.has(index)) throw new PickleFault(`memo ${index} is not set at byte ${this.#bytes.at}`)
    this.push(this.#memo.get(index))
  }

  #empty(): PickleFault {
    return new PickleFault(`its stack is empty at byte ${this.#bytes.at}`)
  }
}
