import { get } from '../json-value.ts'
import { asLink, has, linksOf, type Node } from './graph.ts'
import { RUNTIME, type Walk } from './walk.ts'

type Text = string | typeof RUNTIME

/** Nodes whose text a model makes while the graph runs. */
const MAKES_TEXT =
  /caption|florence|tagger|interrogat|llava|moondream|blip|joy|vlm|llm|gpt|ollama|gemini|claude|groq|deepseek|qwen|chat|describe|enhanc|expan(?:d|sion)|prompt ?gen|magic ?prompt|translat/i
const NUMBERED = /^(?:text|string|str|prompt|value|input|any|in)?[ _-]?(?:\d{1,3}|[a-h])$/i
/** Inputs that hold a text node's own text, the likeliest first. */
const OWN = [
  'populated_text',
  'value',
  'string',
  'text',
  'prompt',
  'Text',
  'STRING',
  'String',
  'Value',
  'positive',
  'text_positive',
  'multiline_text',
  'multi_line_prompt',
  'user_prompt',
  'anything',
  'any',
  'source',
  'input',
  'output',
  'negative',
  '',
]

/** A text, or the one that a link leads to. */
export function textOf(walk: Walk, value: unknown): Text {
  if (typeof value === 'string') return walk.keep(value)
  if (typeof value === 'number' || typeof value === 'boolean') return String(value)
  const link = asLink(value)
  const node = link && walk.graph.get(link.node)
  return node ? walk.enter(() => textOfNode(walk, node, link.slot)) : RUNTIME
}

function textOfNode(walk: Walk, node: Node, slot: number): Text {
  const { type, inputs } = node
  if (typeof get(inputs, 'populated_text') === 'string') return textOf(walk, get(inputs, 'populated_text'))
  if (MAKES_TEXT.test(type) || linksOf(node).some(([name]) => /image|pixels/i.test(name))) return RUNTIME
  if (/switch/i.test(type)) return switched(walk, node)
  if (/concat|join|combine|append/i.test(type) || get(inputs, 'action') === 'append')
    return concatenated(walk, node)
  if (/replace/i.test(type)) return replaced(walk, node)
  // Stylers: positive at slot 0, negative at slot 1.
  if (has(node, 'text_positive') && slot === 1) return textOf(walk, get(inputs, 'text_negative'))
  // A node's first text; that of a node that shows texts (`text_0`) is of the run before.
  const name = OWN.find((own) => isTextual(get(inputs, own)))
  if (name !== undefined) return textOf(walk, get(inputs, name))
  const links = linksOf(node)
  return /reroute|show|preview|display|any|pipe|get|set/i.test(type) && links.length > 0
    ? textOf(walk, inputs[links[0]![0]])
    : RUNTIME
}

const isTextual = (value: unknown): boolean => typeof value === 'string' || asLink(value) !== undefined

/** A number, or that of the node that a link leads to. */
export function numberOf(walk: Walk, value: unknown): number | undefined {
  if (typeof value === 'number') return value
  const link = asLink(value)
  const own = link && get(walk.graph.get(link.node)?.inputs, 'value')
  return typeof own === 'number' ? own : undefined
}

/** By number, by truth, else the first input that is connected. */
function switched(walk: Walk, { inputs }: Node): Text {
  const named = Object.entries(inputs)
  const given = named.find(([name]) => /^(?:select|index|input|choice|switch)$/i.test(name))?.[1]
  const chosen = numberOf(walk, given)
  if (chosen !== undefined) {
    const input = named.find(([name]) => Number(/\d{1,3}$/.exec(name)?.[0]) === chosen)
    if (input) return textOf(walk, input[1])
  }
  const truth = named.find(([, value]) => typeof value === 'boolean')?.[1]
  const side = truth ? /^(?:on_)?true/i : /^(?:on_)?false/i
  const input = truth === undefined ? undefined : named.find(([name]) => side.test(name))
  if (input) return textOf(walk, input[1])
  const first = named.find(([, value]) => asLink(value) && walk.graph.has(asLink(value)!.node))
  const any = first ?? named.find(([name, value]) => NUMBERED.test(name) && typeof value === 'string')
  return any ? textOf(walk, any[1]) : RUNTIME
}

function concatenated(walk: Walk, node: Node): Text {
  const { inputs } = node
  const tidied = get(inputs, 'tidy_tags') === 'yes' ? ', ' : ''
  const delimiter = get(inputs, 'delimiter') ?? get(inputs, 'separator') ?? tidied
  const parts: string[] = []
  for (const [name, value] of Object.entries(inputs)) {
    if (
      !(NUMBERED.test(name) || /^(?:prefix|suffix|text|prompt|append|prepend)$/i.test(name)) ||
      !isTextual(value)
    )
      continue
    const text = textOf(walk, value)
    if (text === RUNTIME) return RUNTIME
    if (text !== '') parts.push(text)
  }
  const between = typeof delimiter === 'string' ? delimiter.replaceAll('\\n', '\n') : ''
  return parts.length > 0 ? walk.keep(parts.join(between)) : ''
}

function replaced(walk: Walk, node: Node): Text {
  const { inputs } = node
  const text = textOf(walk, get(inputs, 'string') ?? get(inputs, 'text'))
  const [find, by] = [get(inputs, 'find'), get(inputs, 'replace')]
  if (text === RUNTIME || /reg(?:ex|ular)/i.test(node.type)) return RUNTIME
  if (typeof find !== 'string' || typeof by !== 'string') return RUNTIME
  return find === '' ? text : walk.keep(text.split(find).slice(0, 10_000).join(by))
}
