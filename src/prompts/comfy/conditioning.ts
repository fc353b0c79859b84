import { get } from '../json-value.ts'
import { asLink, has, type Link, linkOf, linksOf, type Node } from './graph.ts'
import { textOf } from './strings.ts'
import { chosenInput, isSwitch } from './switch.ts'
import { RUNTIME, type Walk } from './walk.ts'

export type Side = 'positive' | 'negative'
type Parts = readonly string[] | typeof RUNTIME

/** What a sampler is told on one side: the texts of all encoders that it comes from. */
export function promptOfSampler(walk: Walk, sampler: Node, side: Side): string | typeof RUNTIME {
  const guider = linkOf(sampler, 'guider')
  const typed = get(sampler.inputs, side)
  if (!guider && typeof typed === 'string') return walk.keep(typed)
  const parts = guider ? guided(walk, guider, side) : partsOf(walk, asLink(typed), side)
  return parts === RUNTIME ? RUNTIME : joinParts(parts)
}

/** What a node is told that is no sampler of the usual kind. */
export function promptOfTold(walk: Walk, node: Node, side: Side): string | typeof RUNTIME {
  if (side === 'negative' && !has(node, 'negative') && !has(node, 'text_embeds'))
    return textOf(walk, get(node.inputs, 'negative_prompt') ?? '')
  const parts = partsOf(walk, { node: node.id, slot: 0 }, side)
  return parts === RUNTIME ? RUNTIME : joinParts(parts)
}

/** One text as it is; of several, each without the commas at its ends. */
function joinParts(parts: readonly string[]): string {
  const texts = parts.filter((part) => part.trim() !== '')
  if (texts.length <= 1) return texts[0] ?? ''
  return texts
    .map(withoutCommas)
    .filter((part) => part !== '')
    .join(', ')
}

function withoutCommas(text: string): string {
  let [start, end] = [0, text.length]
  const isEdge = (at: number): boolean => /[\s,]/.test(text.charAt(at))
  while (start < end && isEdge(start)) start++
  while (end > start && isEdge(end - 1)) end--
  return text.slice(start, end)
}

function positiveInputs(guider: Node): readonly string[] {
  if (has(guider, 'positive')) return ['positive']
  return has(guider, 'cond1') ? ['cond1', 'cond2'] : ['conditioning']
}

function guided(walk: Walk, link: Link, side: Side): Parts {
  const guider = walk.graph.get(link.node)
  if (!guider) return RUNTIME
  if (side === 'negative') return partsOf(walk, linkOf(guider, 'negative'), side)
  const names = positiveInputs(guider)
  if (!names.some((name) => linkOf(guider, name))) {
    // A guider may be handed on.
    const next = linksOf(guider).find(([name]) => name === 'guider' || name === '')?.[1]
    return next ? (walk.enter(() => guided(walk, next, side)) as Parts) : RUNTIME
  }
  return both(
    walk,
    names.map((name) => linkOf(guider, name)),
    side,
  )
}

function both(walk: Walk, links: readonly (Link | undefined)[], side: Side): Parts {
  const parts: string[] = []
  for (const link of links) {
    const more = partsOf(walk, link, side)
    if (more === RUNTIME) return RUNTIME
    parts.push(...more)
  }
  return parts
}

/** What is not connected says nothing. */
function partsOf(walk: Walk, link: Link | undefined, side: Side): Parts {
  if (!link) return []
  const node = walk.graph.get(link.node)
  return node ? walk.enter(() => partsOfNode(walk, node, link.slot, side)) : RUNTIME
}

function partsOfNode(walk: Walk, node: Node, slot: number, side: Side): Parts {
  const { type, inputs } = node
  if (/zero ?_?out/i.test(type)) return []
  const follow = (...names: readonly string[]): Parts =>
    both(
      walk,
      names.map((name) => linkOf(node, name)),
      side,
    )
  if (has(node, 'conditioning_to') || has(node, 'conditioning_from')) {
    if (!/average/i.test(type)) return follow('conditioning_to', 'conditioning_from')
    const strength = get(inputs, 'conditioning_to_strength')
    return follow(typeof strength === 'number' && strength < 0.5 ? 'conditioning_from' : 'conditioning_to')
  }
  if (has(node, 'positive') && has(node, 'negative') && !has(node, 'positive_NEW'))
    return bothSides(walk, node, slot, side)
  const texts = encoded(walk, node, side)
  if (texts) return texts
  const handedOn = ['conditioning', 'text_embeds'].find((name) => linkOf(node, name))
  if (handedOn !== undefined) return follow(handedOn)
  const numbered = linksOf(node).filter(([name]) => /^cond(?:itioning)?[ _]?(?:\d{1,3}|[a-h])$/i.test(name))
  if (isSwitch(node)) {
    const chosen = asLink(chosenInput(walk.graph, node))
    return chosen ? partsOf(walk, chosen, side) : firstOf(walk, node, side)
  }
  if (numbered.length > 0) return follow(...numbered.map(([name]) => name).sort(byNumber))
  const sides = linksOf(node).filter(([name]) => SIDES.test(name))
  return sides.length > 0 ? sidesOf(walk, node, slot, side, sides) : firstOf(walk, node, side)
}

const byNumber = (a: string, b: string): number => a.localeCompare(b, 'en', { numeric: true })

/** `positive`, `positive_A`, `positive_NEW`. */
const SIDES = /^(?:positive|negative)(?:[ _]?[a-z\d]{1,8})?$/i

/** Nodes that take pairs of both sides: all of one side belong together. */
function sidesOf(
  walk: Walk,
  node: Node,
  slot: number,
  side: Side,
  links: readonly (readonly [name: string, link: Link])[],
): Parts {
  const asked = /pair/i.test(node.type) ? (SLOTS[slot] ?? side) : side
  const own = links.filter(([name]) => name.toLowerCase().startsWith(asked))
  return both(
    walk,
    own.map(([, link]) => link),
    asked,
  )
}

/** Reroutes, switches and what else hands one thing on. */
function firstOf(walk: Walk, node: Node, side: Side): Parts {
  const links = linksOf(node).filter(([name]) => !/^(?:clip|model|vae|image|mask|control_net)/i.test(name))
  // Some models are told by a constant, and by no words.
  if (linksOf(node).length === 0 && /conditioning/i.test(node.type)) return []
  const there = links.find(([, link]) => walk.graph.has(link.node))
  return there ? partsOf(walk, there[1], side) : RUNTIME
}

const SLOTS: readonly (Side | undefined)[] = ['positive', 'negative']
/** What is handed on as one thing, or along with models: its slots are any. */
const BUNDLE = /pipe|context/i

/** Control nets and the like give the positive side at slot 0 and the negative at 1; loaders that encode give them at 1 and 2. */
function bothSides(walk: Walk, node: Node, slot: number, side: Side): Parts {
  const isLoader = /load/i.test(node.type) || !linkOf(node, 'positive')
  const first = /efficien|eff\./i.test(node.type) ? 1 : 0
  const given = BUNDLE.test(node.type) ? undefined : SLOTS[slot - first]
  const asked = (isLoader && first === 0 ? undefined : given) ?? side
  const value = get(node.inputs, asked)
  const link = asLink(value)
  if (!isLoader) return partsOf(walk, link, asked)
  const text = textOf(walk, value)
  return text === RUNTIME ? RUNTIME : [text]
}

/** The texts of an encoder; undefined where the node is none. */
function encoded(walk: Walk, node: Node, side: Side): Parts | undefined {
  const read = (name: string): string | typeof RUNTIME => textOf(walk, get(node.inputs, name))
  const several = (...names: readonly string[]): Parts => {
    const texts = names.filter((name) => has(node, name)).map(read)
    return texts.includes(RUNTIME) ? RUNTIME : [...new Set(texts as string[])]
  }
  if (has(node, 'positive_prompt')) return several(`${side}_prompt`)
  // Some encoders have places for all models, and use `text`.
  if (has(node, 'text_g') && !(isBlank(node, 'text_g', 'text_l') && has(node, 'text')))
    return several('text_g', 'text_l')
  if (has(node, 'prompt_g')) return several('prompt_g', 'prompt_l')
  if (has(node, 't5xxl')) {
    const text = read('t5xxl')
    if (text === RUNTIME || text.trim() !== '') return text === RUNTIME ? RUNTIME : [text]
  }
  if (has(node, 'clip_g')) return several('clip_g', 'clip_l')
  const name = ['clip_l', 'populated_text', 'text', 'prompt', 'user_prompt', 'bert', 'mt5xl'].find((one) => {
    const value = get(node.inputs, one)
    return typeof value === 'string' || asLink(value) !== undefined
  })
  return name === undefined ? undefined : several(name)
}

const isBlank = ({ inputs }: Node, ...names: readonly string[]): boolean =>
  names.every((name) => {
    const value = get(inputs, name)
    return value === undefined || (typeof value === 'string' && value.trim() === '')
  })
