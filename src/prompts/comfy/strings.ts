import { get } from '../json-value.ts'
import { asLink, has, linksOf, type Node } from './graph.ts'
import { chosenInput, isSwitch } from './switch.ts'
import { editOf } from './text-edits.ts'
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
  if (isSwitch(node)) return textOf(walk, chosenInput(walk.graph, node))
  if (/concat|join|combine|append/i.test(type) || get(inputs, 'action') === 'append')
    return concatenated(walk, node)
  // Stylers: positive at slot 0, negative at slot 1.
  if (has(node, 'text_positive') && slot === 1) return textOf(walk, get(inputs, 'text_negative'))
  // A node's first text; that of a node that shows texts (`text_0`) is of the run before.
  const name = OWN.find((own) => isTextual(get(inputs, own)))
  if (name !== undefined) {
    const text = textOf(walk, get(inputs, name))
    const edited = text === RUNTIME ? undefined : editOf(node)?.(text, node)
    return typeof edited === 'string' ? walk.keep(edited) : (edited ?? text)
  }
  const links = linksOf(node)
  return /reroute|show|preview|display|any|pipe|get|set/i.test(type) && links.length > 0
    ? textOf(walk, inputs[links[0]![0]])
    : RUNTIME
}

const isTextual = (value: unknown): boolean => typeof value === 'string' || asLink(value) !== undefined

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
    const clean = get(inputs, 'clean_whitespace') === 'true' ? text.trim() : text
    if (clean !== '') parts.push(clean)
  }
  const between = typeof delimiter === 'string' ? delimiter.replaceAll('\\n', '\n') : ''
  return parts.length > 0 ? walk.keep(parts.join(between)) : ''
}
