import type { OnProgress } from '../../base/progress.ts'
import type { Shard } from '../sources/shard.ts'

/** Counts rows, and guesses from the shards that are done how many there will be. */
export class RunProgress {
  #rows = 0
  /** Of shards that ended here. */
  readonly #ended = { rows: 0, bytes: 0 }
  readonly #left: Set<Shard>
  readonly #known: boolean
  #leftRows: number
  #leftBytes: number

  constructor(
    shards: readonly Shard[],
    private readonly onProgress: OnProgress | undefined,
  ) {
    this.#left = new Set(shards)
    this.#known = shards.every(({ rows }) => rows !== undefined)
    this.#leftRows = shards.reduce((sum, { rows = 0 }) => sum + rows, 0)
    this.#leftBytes = shards.reduce((sum, { size = 0 }) => sum + size, 0)
  }

  row(): void {
    this.#rows++
    const total = this.#total()
    this.onProgress?.({
      stage: 'encode',
      item: 'images',
      loaded: this.#rows,
      unit: 'images',
      ...(total === undefined ? {} : { total: Math.max(total, this.#rows), estimated: true }),
    })
  }

  /** A shard is done, by us (then with so many rows) or by somebody else. */
  end(shard: Shard, rows?: number): void {
    if (!this.#left.delete(shard)) return
    this.#leftRows -= shard.rows ?? 0
    this.#leftBytes -= shard.size ?? 0
    if (rows === undefined) return
    this.#ended.rows += rows
    this.#ended.bytes += shard.size ?? 0
  }

  #total(): number | undefined {
    if (this.#known) return this.#ended.rows + this.#leftRows
    if (this.#ended.bytes === 0) return undefined
    return Math.round(this.#ended.rows * (1 + this.#leftBytes / this.#ended.bytes))
  }
}
