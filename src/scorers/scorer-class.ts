import { InputError, show } from '../base/errors.ts'
import type { RewardKind } from '../models/kinds.ts'
import type { Runtime } from '../runtime.ts'
import { checkOptions } from './check-options.ts'
import { loadScorer, type ScorerParts } from './load/load-scorer.ts'
import type { Scorer } from './scorer.ts'
import type { ScorerOptions } from './scorer-options.ts'

/** What a door makes of its options: where the model is, what it runs on, and what is freed with the scorer. */
export interface Wiring {
  readonly source: string | URL
  readonly runtime: Runtime
  readonly owned: readonly { dispose(): Promise<void> }[]
  /** What is to be said of how they were chosen. */
  readonly notes?: readonly string[]
}

/** A scorer's class with a platform wired in. */
export interface ScorerClass<S extends Scorer, Parts, Source, Options> {
  /** From finished parts; `fromPretrained` loads them. */
  new (parts: Parts): S
  /**
   * Loads a model from a folder that `icthp convert` wrote, its URL, or a hub repository.
   * Throws `ModelError`, `DeviceError`, `DownloadError`, `BackendError`, and `InputError` for options that cannot be meant.
   */
  fromPretrained(
    ...given: undefined extends Source
      ? [source?: Source, options?: Options]
      : [source: Source, options?: Options]
  ): Promise<S>
}

/** The one way in which a door makes a class out of a record: with `wire`, what its options come to. */
export function scorerClass<
  S extends Scorer,
  Parts extends ScorerParts,
  Source,
  Options extends ScorerOptions,
>(
  Class: new (parts: Parts) => S,
  kind: RewardKind,
  wire: (source: Source, options: Options) => Wiring,
): ScorerClass<S, Parts, Source, Options> {
  if (typeof Class !== 'function')
    throw new InputError('input_invalid_option', `A scorer's class is a class, not ${show(Class)}.`)
  const load = async (given: Source, options: Options): Promise<S> => {
    checkOptions(options, 'fromPretrained')
    const { source, runtime, owned, notes = [] } = wire(given, options)
    try {
      const parts = await loadScorer(kind, source, runtime, { ...options, notes })
      return new Wired({ ...parts, owned: [...parts.owned, ...owned] } as unknown as Parts)
    } catch (error) {
      await Promise.all(owned.map((part) => part.dispose()))
      throw error
    }
  }
  const Base = Class as unknown as new (...parts: unknown[]) => object
  const Wired = class extends Base {
    static fromPretrained(source: Source, options = {} as Options): Promise<S> {
      return load(source, options)
    }

    /** Scorers of other doors, and fakes, are of the class, too. */
    static override [Symbol.hasInstance](value: unknown): boolean {
      return this === (Wired as unknown)
        ? value instanceof Class
        : Function.prototype[Symbol.hasInstance].call(this, value)
    }
  } as unknown as ScorerClass<S, Parts, Source, Options>
  Object.defineProperty(Wired, 'name', { value: Class.name })
  return Wired
}
