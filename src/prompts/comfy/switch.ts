import { get } from '../json-value.ts'
import { asLink, type Graph, type Node } from './graph.ts'

/** Nodes that hand one of their inputs on. */
export const isSwitch = ({ type, inputs }: Node): boolean =>
  /switch|if ?_?else|conditional ?branch/i.test(type) || get(inputs, 'on_false') !== undefined

/** Which one: by number, by truth, else the first that is connected, else the first text. */
export function chosenInput(graph: Graph, { inputs }: Node): unknown {
  const named = Object.entries(inputs)
  const given = named.find(([name]) => TELLS.test(name))?.[1]
  const told = plainValue(graph, given) ?? named.find(([, value]) => typeof value === 'boolean')?.[1]
  if (typeof told === 'number') {
    const input = named.find(([name]) => !TELLS.test(name) && Number(/\d{1,3}$/.exec(name)?.[0]) === told)
    if (input) return input[1]
  }
  if (typeof told === 'boolean') {
    const input = named.find(([name]) => (told ? WHERE_TRUE : WHERE_FALSE).test(name))
    if (input) return input[1]
  }
  const there = named.filter(([, value]) => isThere(graph, value))
  const first = there.find(([name]) => !TELLS.test(name)) ?? there[0]
  return (first ?? named.find(([name, value]) => NUMBERED.test(name) && typeof value === 'string'))?.[1]
}

const TELLS = /^(?:select|index|input|choice|switch|boolean|bool|condition|cond)$/i
const WHERE_TRUE = /^(?:(?:on_)?true|tt_value|text_input_a)/i
const WHERE_FALSE = /^(?:(?:on_)?false|ff_value|text_input_b)/i
const NUMBERED = /(?:\d{1,3}|_[a-h])$/i

const isThere = (graph: Graph, value: unknown): boolean => {
  const link = asLink(value)
  return link !== undefined && graph.has(link.node)
}

/** A number or a truth, or that of the node that a link leads to. */
function plainValue(graph: Graph, value: unknown): number | boolean | undefined {
  const link = asLink(value)
  const own = link ? get(graph.get(link.node)?.inputs, 'value') : value
  return typeof own === 'number' || typeof own === 'boolean' ? own : undefined
}
