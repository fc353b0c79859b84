import { DatasetError } from '../../base/errors.ts'
import { isGone, newOwner, parseOwner } from '../../hub/files/lock-owner-node.ts'
import type { Store } from '../store/store.ts'

const FOLDER = 'leases/'

export interface LeaseOptions {
  /** Milliseconds without a renewal after which a lease is anybody's. Default 60,000. */
  readonly duration?: number | undefined
}

/** A shard that is ours for now. */
export interface Lease {
  /** Aborts with `DatasetError` `dataset_lease_lost` where somebody else has taken the shard. */
  readonly signal: AbortSignal
  /** Lets go of it. */
  release(): Promise<void>
}

/**
 * Who works at which shard, so that work is not done twice. It may be, all the same, where a process sleeps for longer than its
 * lease: what counts is the part, which is written once.
 *
 * A lease is `leases/SHARD.N`, written once. Who takes over an expired one writes `SHARD.N+1`, which one alone can. How old one
 * is, the store says by its own clock, so clocks of machines may differ as they like. A process of this machine that is gone
 * holds nothing, however young its lease.
 */
export class Leases {
  readonly #duration: number

  constructor(
    private readonly store: Store,
    { duration = 60_000 }: LeaseOptions = {},
  ) {
    this.#duration = duration
  }

  /** The lease of a shard; undefined where somebody else has it. */
  async take(name: string): Promise<Lease | undefined> {
    const owner = new TextEncoder().encode(JSON.stringify(await newOwner()))
    if (await this.store.create(leaseKey(name, 0), owner)) return this.#hold(name, 0, owner)
    const last = (await this.#numbers(name)).at(-1)
    if (last === undefined) return undefined
    if (!(await this.#isExpired(leaseKey(name, last)))) return undefined
    return (await this.store.create(leaseKey(name, last + 1), owner))
      ? this.#hold(name, last + 1, owner)
      : undefined
  }

  /** Shards that somebody has a lease of, expired or not. */
  async held(signal?: AbortSignal): Promise<Set<string>> {
    const names = new Set<string>()
    for await (const { key } of this.store.list(FOLDER, signal))
      names.add(key.slice(FOLDER.length).replace(/\.\d+$/, ''))
    return names
  }

  /** Takes away what is left of a shard that is done. */
  async forget(name: string, upTo: number = Infinity): Promise<void> {
    for (const n of await this.#numbers(name)) if (n <= upTo) await this.store.remove(leaseKey(name, n))
  }

  async #numbers(name: string): Promise<number[]> {
    const prefix = `${FOLDER}${name}.`
    const numbers: number[] = []
    for await (const { key } of this.store.list(prefix)) {
      const rest = key.slice(prefix.length)
      if (/^\d+$/.test(rest)) numbers.push(Number(rest))
    }
    return numbers.sort((a, b) => a - b)
  }

  async #isExpired(key: string): Promise<boolean> {
    const age = await this.store.age(key)
    if (age === undefined) return false
    if (age > this.#duration) return true
    const bytes = await this.store.read(key)
    return bytes !== undefined && (await isGone(parseOwner(new TextDecoder().decode(bytes))))
  }

  #hold(name: string, number: number, owner: Uint8Array): Lease {
    const lost = new AbortController()
    const renew = async (): Promise<void> => {
      const isLast = (await this.#numbers(name)).at(-1) === number
      if (isLast && (await this.store.renew(leaseKey(name, number), owner))) return
      clearInterval(timer)
      lost.abort(leaseLost(name))
    }
    let renewing: Promise<void> | undefined
    const timer = setInterval(() => {
      // A store that cannot be reached now may be at the next beat; whether the lease was lost by then shows there.
      renewing ??= renew()
        .catch(() => undefined)
        .finally(() => (renewing = undefined))
    }, this.#duration / 4)
    return {
      signal: lost.signal,
      release: async () => {
        clearInterval(timer)
        await renewing
        if (!lost.signal.aborted) await this.forget(name, number)
      },
    }
  }
}

const leaseKey = (name: string, number: number): string => `${FOLDER}${name}.${number}`

const leaseLost = (name: string): DatasetError =>
  new DatasetError(
    'dataset_lease_lost',
    `Another worker has taken over ${name}, since this one was silent for longer than a lease lasts. Nothing is lost.`,
    { shard: name },
  )
