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
  const links = get(value, 'links')
  if (!Array.isArray(nodes)) return undefined
  const from = new Map<unknown, readonly [string, number]>()
  for (const link of Array.isArray(links) ? (links as unknown[]) : []) {
    // `[id, from, slot, to, slot, type]`, or an object of the same.
    const [id, origin, slot] = Array.isArray(link)
      ? (link as unknown[])
      : [get(link, 'id'), get(link, 'origin_id'), get(link, 'origin_slot')]
    if (typeof slot === 'number') from.set(id, [String(origin), slot])
  }
  const graph = new Map<string, Node>()
  for (const entry of nodes as unknown[]) {
    const node = readNode(entry, from)
    if (node) graph.set(node.id, node)
  }
  return graph.size > 0 ? graph : undefined
}

function readNode(entry: unknown, from: ReadonlyMap<unknown, readonly [string, number]>): Node | undefined {
  const type = getText(entry, 'type')
  const mode = get(entry, 'mode')
  const id = get(entry, 'id')
  if (type === undefined || mode === MUTED || (typeof id !== 'number' && typeof id !== 'string'))
    return undefined
  const inputs: Record<string, unknown> = Object.create(null) as Record<string, unknown>
  const slots = get(entry, 'inputs')
  for (const slot of Array.isArray(slots) ? (slots as unknown[]) : []) {
    const link = from.get(get(slot, 'link'))
    if (link) inputs[getText(slot, 'name') ?? ''] = link
  }
  if (mode === BYPASSED) {
    const first = Object.values(inputs)[0]
    return { id: String(id), type: 'Reroute', inputs: first === undefined ? {} : { '': first } }
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
