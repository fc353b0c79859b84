/** Python's tuple; lists are arrays. */
export class PickleTuple {
  readonly items: readonly unknown[]
  constructor(items: readonly unknown[]) {
    this.items = items
  }
}

const NO_ENTRIES: ReadonlyMap<unknown, unknown> = new Map()

/** Python's dict, OrderedDict or Counter. */
export class PickleDict {
  // Made with the first entry: a hostile pickle has millions of empty ones.
  #entries: Map<unknown, unknown> | undefined
  /** OrderedDicts may be given attributes (a state dict's `_metadata`), which are let go. */
  readonly ordered: boolean
  constructor(ordered: boolean) {
    this.ordered = ordered
  }

  get entries(): ReadonlyMap<unknown, unknown> {
    return this.#entries ?? NO_ENTRIES
  }

  set(key: unknown, value: unknown): void {
    this.#entries ??= new Map()
    this.#entries.set(key, value)
  }
}

/** What a pickle may name: inert unless it has `call`. */
export class PickleGlobal {
  /** `module.name` */
  readonly path: string
  readonly call: ((args: readonly unknown[]) => unknown) | undefined
  constructor(path: string, call?: (args: readonly unknown[]) => unknown) {
    this.path = path
    this.call = call
  }
}

/**
 * A Python object that is not known, or the class or function of one: a place is held for it, and nothing is looked up
 * or run. An error only where weights would have to come out of it.
 */
export class PickleForeign {
  /** `module.name` */
  readonly path: string
  /** What it was made of. */
  readonly args: readonly unknown[]
  /** What `BUILD` gave it. */
  state: unknown = undefined
  #items: PickleDict | undefined

  constructor(path: string, args: readonly unknown[] = []) {
    this.path = path
    this.args = args
  }

  /** What was set on it, as on a dict. */
  get items(): ReadonlyMap<unknown, unknown> {
    return this.#items?.entries ?? NO_ENTRIES
  }

  setItem(key: unknown, value: unknown): void {
    this.#items ??= new PickleDict(false)
    this.#items.set(key, value)
  }
}

/** A value that says nothing about weights: bytes, sets. */
export const PASSED_OVER: PickleGlobal = new PickleGlobal('value')

/** The bytes end within the pickle. */
export class PickleEnd extends Error {}
/** Not a pickle, or one that contradicts itself. */
export class PickleFault extends Error {}
/** An opcode or global that is never data. `message` names it. */
export class PickleRefused extends Error {}
