import type { JsonObject } from '../../base/json-object.ts'
import { asObject, get } from '../json-value.ts'

/** A value that comes from another node's output. */
export interface Link {
  readonly node: string
  readonly slot: number
}

export interface Node {
  readonly id: string
  readonly type: string
  readonly inputs: JsonObject
}

export type Graph = ReadonlyMap<string, Node>

/** ComfyUI's API graph; undefined where the value is none. What has no `class_type` is no node. */
export function readGraph(value: unknown): Graph | undefined {
  const graph = new Map<string, Node>()
  for (const [id, entry] of Object.entries(asObject(value) ?? {})) {
    const type = get(entry, 'class_type')
    if (typeof type === 'string') graph.set(id, { id, type, inputs: asObject(get(entry, 'inputs')) ?? {} })
  }
  return graph.size > 0 ? graph : undefined
}

/** `["12:3", 0]`. */
export function asLink(value: unknown): Link | undefined {
  if (!Array.isArray(value) || value.length !== 2) return undefined
  const [node, slot] = value as unknown[]
  if ((typeof node !== 'string' && typeof node !== 'number') || typeof slot !== 'number') return undefined
  return { node: String(node), slot }
}

export const linkOf = ({ inputs }: Node, name: string): Link | undefined => asLink(get(inputs, name))

/** All links into a node, in the order of its inputs. */
export function linksOf({ inputs }: Node): (readonly [name: string, link: Link])[] {
  return Object.entries(inputs).flatMap(([name, value]) => {
    const link = asLink(value)
    return link ? [[name, link] as const] : []
  })
}

export const has = ({ inputs }: Node, name: string): boolean => get(inputs, name) !== undefined
