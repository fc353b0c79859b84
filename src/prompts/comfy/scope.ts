import { get, getText } from '../json-value.ts'

/** Nodes of a workflow with all uses of its subgraphs unfolded: a few definitions can use each other very often. */
const MAX_NODES = 20_000
const MAX_DEPTH = 50
/** What stands for a subgraph's own inputs where links begin. */
const INPUTS = -10

type Definitions = ReadonlyMap<string, unknown>

/** One level of an editor's workflow: the whole of it, or one use of a subgraph. */
export class Scope {
  readonly nodes: Map<string, unknown> = new Map()
  /** The uses of subgraphs in it, by their nodes' ids. */
  readonly inner: Map<string, Scope> = new Map()
  /** What `Set` nodes were given, by name. */
  readonly given: Map<unknown, unknown> = new Map()
  readonly #shown: ReadonlyMap<string, Readonly<Record<string, unknown>>>
  readonly #links = new Map<unknown, readonly [node: string, slot: number]>()

  private constructor(
    readonly graph: unknown,
    /** Goes before the ids of its nodes, as in the graphs that the editor makes of it: `75:`. */
    readonly path: string,
    /** The node that this is the inside of, and where it is. */
    readonly use: { readonly scope: Scope; readonly entry: unknown } | undefined,
  ) {
    this.#shown = shownBy(use?.entry)
    for (const entry of listOf(graph, 'nodes')) {
      this.nodes.set(String(get(entry, 'id')), entry)
      if (getText(entry, 'type') === 'SetNode')
        this.given.set(listOf(entry, 'widgets_values')[0], get(listOf(entry, 'inputs')[0], 'link'))
    }
    for (const link of listOf(graph, 'links')) {
      // `[id, from, slot, to, slot, type]`, or an object of the same.
      const [id, origin, slot] = Array.isArray(link)
        ? (link as unknown[])
        : [get(link, 'id'), get(link, 'origin_id'), get(link, 'origin_slot')]
      if (typeof slot === 'number') this.#links.set(id, [String(origin), slot])
    }
  }

  /** A workflow with its subgraphs; undefined where it has more nodes than anybody draws. */
  static ofWorkflow(workflow: unknown): Scope | undefined {
    const subgraphs = listOf(get(workflow, 'definitions'), 'subgraphs')
    const definitions = new Map(subgraphs.map((graph) => [getText(graph, 'id') ?? '', graph]))
    const top = new Scope(workflow, '', undefined)
    const scopes = [top]
    let nodes = 0
    // Those found on the way are looked at in turn.
    for (const scope of scopes) {
      nodes += scope.nodes.size
      if (scopes.length > MAX_NODES || (scope !== top && nodes > MAX_NODES)) return undefined
      scopes.push(...scope.#unfold(definitions))
    }
    return top
  }

  #unfold(definitions: Definitions): readonly Scope[] {
    if (this.path.split(':').length > MAX_DEPTH) return []
    for (const [id, entry] of this.nodes) {
      const graph = definitions.get(getText(entry, 'type') ?? '')
      if (graph !== undefined)
        this.inner.set(id, new Scope(graph, `${this.path}${id}:`, { scope: this, entry }))
    }
    return [...this.inner.values()]
  }

  /** Where a link begins: a node of this level and its slot. */
  originOf(link: unknown): readonly [node: string, slot: number] | undefined {
    return this.#links.get(link)
  }

  /** The link that ends in one of a subgraph's outputs. */
  linkOfOutput(slot: number): unknown {
    return listOf(listOf(this.graph, 'outputs')[slot], 'linkIds')[0]
  }

  /** The name of the subgraph's input that a link begins with. */
  inputOf([node, slot]: readonly [node: string, slot: number]): string | undefined {
    const own = get(get(this.graph, 'inputNode'), 'id') ?? INPUTS
    if (!this.use || node !== String(own)) return undefined
    return getText(listOf(this.graph, 'inputs')[slot], 'name')
  }

  /** What was typed at the node that this is the inside of, for an input of the subgraph. */
  typedFor(input: string): unknown {
    if (this.#shown.size > 0) return this.#shown.get('-1')?.[input]
    const entry = this.use?.entry
    const widgets = listOf(entry, 'inputs').filter((one) => get(one, 'widget') !== undefined)
    return listOf(entry, 'widgets_values')[widgets.findIndex((one) => getText(one, 'name') === input)]
  }

  /** What was typed there for the widgets of a node inside, which the outer one shows as its own. */
  typedAt(node: string): Readonly<Record<string, unknown>> {
    return this.#shown.get(node) ?? {}
  }
}

/** By node inside, or `-1` for the subgraph's inputs, and name: the values of the widgets that a node of a subgraph shows. */
function shownBy(entry: unknown): ReadonlyMap<string, Readonly<Record<string, unknown>>> {
  const shown = new Map<string, Record<string, unknown>>()
  const values = listOf(entry, 'widgets_values')
  for (const [i, pair] of listOf(get(entry, 'properties'), 'proxyWidgets').entries()) {
    const [node, widget] = Array.isArray(pair) ? (pair as unknown[]) : []
    const of = shown.get(String(node)) ?? (Object.create(null) as Record<string, unknown>)
    if (values[i] !== undefined) of[String(widget)] = values[i]
    shown.set(String(node), of)
  }
  return shown
}

/** A property that is a list; else an empty one. */
export function listOf(object: unknown, key: string): readonly unknown[] {
  const list = get(object, key)
  return Array.isArray(list) ? (list as unknown[]) : []
}
