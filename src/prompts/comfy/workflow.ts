import { get, getText } from '../json-value.ts'
import type { Graph, Node } from './graph.ts'
import { listOf, Scope } from './scope.ts'
import { valuesOfWidgets } from './widgets.ts'

const MUTED = 2
const BYPASSED = 4

/**
 * The graph of ComfyUI's editor as far as it can be told: links are in a table, and values have no names, so that only those of
 * nodes that hold texts are taken. Texts are as typed, with choices not yet made. Subgraphs are unfolded.
 */
export function readWorkflow(value: unknown): Graph | undefined {
  const top = Array.isArray(get(value, 'nodes')) ? Scope.ofWorkflow(value) : undefined
  if (!top) return undefined
  const graph = new Map<string, Node>()
  const origins = new Origins()
  const scopes = [top]
  for (const scope of scopes) {
    for (const [id, entry] of scope.nodes) {
      if (isOff(entry)) continue
      const inner = scope.inner.get(id)
      const node = inner ? undefined : readNode(entry, scope, origins)
      if (inner) scopes.push(inner)
      else if (node) graph.set(node.id, node)
    }
  }
  return graph.size > 0 ? graph : undefined
}

const isOff = (entry: unknown): boolean => [MUTED, BYPASSED].includes(get(entry, 'mode') as number)

/** A node's output, or what was typed where nothing is connected. */
type Origin = { readonly link: readonly [node: string, slot: number] } | { readonly typed: unknown }

/** Where links come from: past nodes that are bypassed, from `Get` to its `Set`, and in and out of subgraphs. */
class Origins {
  /** Links that were followed before. */
  readonly #known = new Map<Scope, Map<unknown, Origin | undefined>>()

  /** Undefined where a link leads nowhere, or in a circle. */
  of(inScope: Scope, ofLink: unknown): Origin | undefined {
    const path: (readonly [Scope, unknown])[] = []
    let [scope, link] = [inScope, ofLink]
    let found: Origin | undefined
    for (;;) {
      const known = this.#knownOf(scope)
      if (known.has(link)) {
        found = known.get(link)
        break
      }
      known.set(link, undefined)
      path.push([scope, link])
      const next = step(scope, link)
      if (!Array.isArray(next)) {
        found = next
        break
      }
      ;[scope, link] = next
    }
    for (const [passed, by] of path) this.#knownOf(passed).set(by, found)
    return found
  }

  #knownOf(scope: Scope): Map<unknown, Origin | undefined> {
    let known = this.#known.get(scope)
    if (!known) this.#known.set(scope, (known = new Map()))
    return known
  }
}

/** Where a link begins, or the link that is to be followed instead. */
function step(scope: Scope, link: unknown): Origin | undefined | [Scope, unknown] {
  const origin = scope.originOf(link)
  if (!origin) return undefined
  const input = scope.inputOf(origin)
  if (input !== undefined) return stepOut(scope, input)
  const [id, slot] = origin
  const entry = scope.nodes.get(id)
  if (get(entry, 'mode') === BYPASSED) return [scope, bypass(entry, slot)]
  if (getText(entry, 'type') === 'GetNode')
    return [scope, scope.given.get(listOf(entry, 'widgets_values')[0])]
  const inner = scope.inner.get(id)
  return inner ? [inner, inner.linkOfOutput(slot)] : { link: [scope.path + id, slot] }
}

/** From an input of a subgraph to what its node is given there. */
function stepOut(scope: Scope, name: string): Origin | undefined | [Scope, unknown] {
  const { scope: outer, entry } = scope.use!
  const given = listOf(entry, 'inputs').find((input) => getText(input, 'name') === name)
  const link = get(given, 'link')
  if (link !== undefined && link !== null) return [outer, link]
  const own = scope.typedFor(name)
  return own === undefined ? undefined : { typed: own }
}

/** As the editor does: the input of the output's type, at the same place first. */
function bypass(entry: unknown, slot: number): unknown {
  const type = get(listOf(entry, 'outputs')[slot], 'type')
  const inputs = listOf(entry, 'inputs')
  const same = (input: unknown): boolean => type === undefined || get(input, 'type') === type
  const at = inputs[slot]
  return get(at !== undefined && same(at) ? at : inputs.find(same), 'link')
}

function readNode(entry: unknown, scope: Scope, origins: Origins): Node | undefined {
  const type = getText(entry, 'type')
  const id = get(entry, 'id')
  if (type === undefined || (typeof id !== 'number' && typeof id !== 'string')) return undefined
  const inputs = Object.assign(
    Object.create(null) as Record<string, unknown>,
    valuesOfWidgets(type, entry),
    scope.typedAt(String(id)),
  )
  for (const slot of listOf(entry, 'inputs')) {
    const origin = origins.of(scope, get(slot, 'link'))
    if (origin) inputs[getText(slot, 'name') ?? ''] = 'link' in origin ? origin.link : origin.typed
  }
  return { id: scope.path + String(id), type, inputs }
}
