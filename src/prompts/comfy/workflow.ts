import { asObject, get, getText } from '../json-value.ts'
import type { Graph, Node } from './graph.ts'

const MUTED = 2
const BYPASSED = 4

/**
 * The graph of ComfyUI's editor as far as it can be told: links are in a table, and values have no names, so that only those of
 * nodes that hold texts are taken. Texts are as typed, with choices not yet made.
 */
export function readWorkflow(value: unknown): Graph | undefined {
  const nodes = get(value, 'nodes')
  if (!Array.isArray(nodes)) return undefined
  const entries = new Map((nodes as unknown[]).map((entry) => [String(get(entry, 'id')), entry]))
  const links = linkTable(get(value, 'links'))
  const graph = new Map<string, Node>()
  for (const entry of entries.values()) {
    const node = readNode(entry, (link) => originOf(link, links, entries))
    if (node) graph.set(node.id, node)
  }
  return graph.size > 0 ? graph : undefined
}

type Origin = readonly [node: string, slot: number]

/** `[id, from, slot, to, slot, type]`, or an object of the same. */
function linkTable(links: unknown): ReadonlyMap<unknown, Origin> {
  const from = new Map<unknown, Origin>()
  for (const link of Array.isArray(links) ? (links as unknown[]) : []) {
    const [id, origin, slot] = Array.isArray(link)
      ? (link as unknown[])
      : [get(link, 'id'), get(link, 'origin_id'), get(link, 'origin_slot')]
    if (typeof slot === 'number') from.set(id, [String(origin), slot])
  }
  return from
}

/** Where a link comes from: past nodes that are bypassed, and from `Get` to its `Set`. */
function originOf(
  link: unknown,
  links: ReadonlyMap<unknown, Origin>,
  entries: ReadonlyMap<string, unknown>,
): Origin | undefined {
  let origin = links.get(link)
  for (let steps = 0; origin && steps < MAX_STEPS; steps++) {
    const entry = entries.get(origin[0])
    const next = handedOn(entry, origin[1], entries)
    if (next === undefined) return origin
    origin = links.get(next)
  }
  return undefined
}

const MAX_STEPS = 1000

/** The link whose value a node hands on unchanged; undefined where it makes its own. */
function handedOn(entry: unknown, slot: number, entries: ReadonlyMap<string, unknown>): unknown {
  if (get(entry, 'mode') === BYPASSED) {
    // As the editor does: the input of the output's type, at the same place first.
    const type = get(slotsOf(entry, 'outputs')[slot], 'type')
    const inputs = slotsOf(entry, 'inputs')
    const same = (input: unknown): boolean => type === undefined || get(input, 'type') === type
    const at = inputs[slot]
    return get(at !== undefined && same(at) ? at : inputs.find(same), 'link') ?? null
  }
  if (getText(entry, 'type') !== 'GetNode') return undefined
  const name = firstWidget(entry)
  for (const set of entries.values())
    if (getText(set, 'type') === 'SetNode' && firstWidget(set) === name)
      return get(slotsOf(set, 'inputs')[0], 'link') ?? null
  return undefined
}

function slotsOf(entry: unknown, side: 'inputs' | 'outputs'): readonly unknown[] {
  const slots = get(entry, side)
  return Array.isArray(slots) ? (slots as unknown[]) : []
}

function firstWidget(entry: unknown): unknown {
  const values = get(entry, 'widgets_values')
  return Array.isArray(values) ? (values as unknown[])[0] : undefined
}

function readNode(entry: unknown, originOfLink: (link: unknown) => Origin | undefined): Node | undefined {
  const type = getText(entry, 'type')
  const mode = get(entry, 'mode')
  const id = get(entry, 'id')
  const isOff = mode === MUTED || mode === BYPASSED
  if (type === undefined || isOff || (typeof id !== 'number' && typeof id !== 'string')) return undefined
  const inputs: Record<string, unknown> = Object.create(null) as Record<string, unknown>
  for (const slot of slotsOf(entry, 'inputs')) {
    const link = originOfLink(get(slot, 'link'))
    if (link) inputs[getText(slot, 'name') ?? ''] = link
  }
  return { id: String(id), type, inputs: { ...widgetsOf(type, get(entry, 'widgets_values')), ...inputs } }
}

/** Names for the values that matter. */
function widgetsOf(type: string, values: unknown): Record<string, unknown> {
  if (!Array.isArray(values)) return { ...asObject(values) }
  const texts = values.filter((value) => typeof value === 'string')
  if (/sampler/i.test(type)) return { seed: 0 }
  if (type === 'CLIPTextEncodeSDXL') return { text_g: texts[0], text_l: texts[1] }
  if (type === 'CLIPTextEncodeFlux') return { clip_l: texts[0], t5xxl: texts[1] }
  if (type === 'ImpactWildcardProcessor' || type === 'ImpactWildcardEncode')
    return { wildcard_text: texts[0], populated_text: texts[1] }
  if (/save|preview/i.test(type)) return { filename_prefix: texts[0] }
  if (type === 'StringConcatenate') return { string_a: texts[0], string_b: texts[1], delimiter: texts[2] }
  return /text|string|prompt|primitive|wildcard/i.test(type) && texts.length > 0 ? { text: texts[0] } : {}
}
