import type { Graph } from './graph.ts'

/** Nodes that are looked at in one walk; more is a file that wants to keep us busy. */
const MAX_VISITS = 20_000
const MAX_DEPTH = 500
const MAX_TEXT = 2 ** 20

/** A text that was made while the graph ran, and is not in it. */
export const RUNTIME: unique symbol = Symbol('runtime-text')

/** Walks a graph within bounds: circles and graphs that fan out end as what cannot be told. */
export class Walk {
  #visits = 0
  #depth = 0
  #length = 0

  constructor(readonly graph: Graph) {}

  /** What `look` finds, or {@link RUNTIME} where the bounds are reached. */
  enter<T>(look: () => T): T | typeof RUNTIME {
    if (++this.#visits > MAX_VISITS || this.#depth >= MAX_DEPTH) return RUNTIME
    this.#depth++
    try {
      return look()
    } finally {
      this.#depth--
    }
  }

  /** Takes a text into account; all that were put together may not be longer than a prompt can be. */
  keep(text: string): string | typeof RUNTIME {
    this.#length += text.length
    return this.#length > MAX_TEXT ? RUNTIME : text
  }
}
