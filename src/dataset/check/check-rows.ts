/** Counts the rows of a part, which hold each place from 0 on once. */
export class RowCheck {
  #seen = new Uint8Array(1024)
  #highest = -1
  #rows = 0
  #failed = 0
  readonly #twice: number[] = []

  add(index: number, failed: boolean): void {
    this.#rows++
    if (failed) this.#failed++
    if (index >= this.#seen.length) {
      const larger = new Uint8Array(Math.max(this.#seen.length * 2, index + 1))
      larger.set(this.#seen)
      this.#seen = larger
    }
    if (this.#seen[index]) this.#twice.push(index)
    this.#seen[index] = 1
    this.#highest = Math.max(this.#highest, index)
  }

  /** From 0 on up to the last. */
  get places(): number {
    return this.#highest + 1
  }

  /** `expected`: how many the shard has, where that is known. */
  result(expected: number = this.places): RowCounts {
    const [missing, unknown]: [number[], number[]] = [[], []]
    for (let index = 0; index < expected && missing.length < MOST; index++)
      if (!this.#seen[index]) missing.push(index)
    for (let index = expected; index < this.places && unknown.length < MOST; index++)
      if (this.#seen[index]) unknown.push(index)
    return { rows: this.#rows, failed: this.#failed, missing, twice: this.#twice, unknown }
  }
}

/** Places of one kind that are told at most. */
const MOST = 1000

export interface RowCounts {
  readonly rows: number
  readonly failed: number
  /** Places. */
  readonly missing: readonly number[]
  readonly twice: readonly number[]
  /** Beyond what the shard has. */
  readonly unknown: readonly number[]
}
