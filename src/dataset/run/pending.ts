import { sleep } from '../../base/waiting/sleep.ts'
import type { Shard } from '../sources/shard.ts'

/** Milliseconds; each further look waits twice as long. */
const FIRST_PAUSE = 200

/** The shards that are still to be done, for the jobs of a process; those that others hold are asked for again. */
export class Pending {
  #ready: Shard[]
  #held: Shard[] = []
  #looking: Promise<void> | undefined
  #pause = FIRST_PAUSE

  /** `look` says which of the shards are not done yet; `pause`: milliseconds before it is asked again, at most. */
  constructor(
    shards: readonly Shard[],
    private readonly options: {
      readonly pause: number
      readonly signal?: AbortSignal | undefined
      readonly look: (shards: readonly Shard[]) => Promise<readonly Shard[]>
    },
  ) {
    this.#ready = [...shards]
  }

  /** Somebody else works at it. */
  hold(shard: Shard): void {
    this.#held.push(shard)
  }

  /** Undefined where nothing is left that this process could take. */
  async next(): Promise<Shard | undefined> {
    for (;;) {
      const shard = this.#ready.shift()
      if (shard || this.#held.length === 0) return shard
      await (this.#looking ??= this.#lookAgain().finally(() => (this.#looking = undefined)))
    }
  }

  async #lookAgain(): Promise<void> {
    await sleep(Math.min(this.#pause, this.options.pause), this.options.signal)
    this.#pause *= 2
    const held = this.#held
    this.#held = []
    const ready = await this.options.look(held)
    if (ready.length < held.length) this.#pause = FIRST_PAUSE
    this.#ready.push(...ready)
  }
}
