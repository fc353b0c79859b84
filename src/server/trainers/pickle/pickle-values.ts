import { PickleFault } from './pickle-fault.ts'

/** Trainers nest metadata a few levels deep. */
const MAX_DEPTH = 64

/** A value that holds others, and knows how deep they go. */
abstract class Holder {
  #depth = 1

  protected hold(value: unknown): void {
    if (!(value instanceof Holder)) return
    this.#depth = Math.max(this.#depth, value.#depth + 1)
    if (this.#depth > MAX_DEPTH) throw new PickleFault(`nests values more than ${MAX_DEPTH} deep`)
  }
}

/** Python's list. */
export class PickledList extends Holder {
  readonly items: unknown[] = []

  append(item: unknown): void {
    this.hold(item)
    this.items.push(item)
  }
}

/** Python's tuple. */
export class PickledTuple extends Holder {
  readonly items: readonly unknown[]

  constructor(items: readonly unknown[]) {
    super()
    for (const item of items) this.hold(item)
    this.items = items
  }
}

/** Python's dict. A key that is there already is set anew, as there. */
export class PickledDict extends Holder {
  // Made with the first entry: a hostile pickle has many empty ones.
  #entries: Map<unknown, unknown> | undefined

  get(key: string): unknown {
    return this.#entries?.get(key)
  }

  set(key: unknown, value: unknown): void {
    this.hold(key)
    this.hold(value)
    this.#entries ??= new Map()
    this.#entries.set(key, value)
  }

  has(key: string): boolean {
    return this.#entries?.has(key) ?? false
  }
}

/** A name that may stand in a pickle, and what comes of calling it: data. Nothing is ever looked up. */
export class PickledName {
  readonly path: string
  /** `spend` counts bytes that are made anew. */
  readonly call: ((args: readonly unknown[], spend: (bytes: number) => void) => unknown) | undefined

  constructor(path: string, call?: PickledName['call']) {
    this.path = path
    this.call = call
  }
}

/** What `BUILD` may give a state to. */
export interface Buildable {
  build(state: readonly unknown[]): void
}
