import { get } from '../json-value.ts'
import { asLink, type Graph, has, linkOf, linksOf, type Node } from './graph.ts'
import { chosenInput, isSwitch } from './switch.ts'

const SAMPLER_INPUTS = ['seed', 'noise_seed', 'steps', 'cfg', 'sampler_name', 'sampler', 'sigmas']

/** A node that makes pictures of conditionings. */
export function isSampler(node: Node): boolean {
  if (linkOf(node, 'guider')) return true
  const hasText = linkOf(node, 'positive') !== undefined || typeof get(node.inputs, 'positive') === 'string'
  return hasText && isSeeded(node)
}

/**
 * A node that is told what to make though it is no such sampler: loaders whose pipe is handed to one, samplers that take one
 * conditioning, and those that ask a service.
 */
export function isTold(node: Node): boolean {
  if (has(node, 'positive')) return true
  return ['conditioning', 'text_embeds', 'prompt'].some((name) => has(node, name)) && isSeeded(node)
}

const isSeeded = (node: Node): boolean => SAMPLER_INPUTS.some((name) => has(node, name))

/** Inputs that carry no picture: what is upstream of them is not what this one was made from. */
const NO_PICTURE =
  /^(?:.*model.*|clip.*|.*vae.*|positive.*|negative.*|cond.*|control.*|guider|samplers?|sigmas|noise|.*mask.*|.*seed.*|text.*|string.*|prompt.*|.*lora.*|steps|cfg|width|height|.*style.*)$/i

/**
 * The samplers (or what `isWanted`) upstream of a node by way of pictures and latents, the farthest first: a refiner's and an upscaler's prompts are
 * not the picture's. Far is the longest way, since a picture may also go past a sampler.
 */
export function samplersAbove(
  root: Node,
  pictures: PictureLinks,
  isWanted: (node: Node) => boolean = isSampler,
): Node[] {
  const order = postOrder(root, pictures)
  const place = new Map(order.map((node, i) => [node, i]))
  const distance = new Map([[root.id, 0]])
  // From the root up: in reverse of the order in which they were finished, all ways to a node come before it.
  for (const node of order.toReversed()) {
    const far = distance.get(node.id) ?? 0
    for (const next of pictures.above(node)) {
      // A circle leads back to what is done.
      if (place.get(next)! < place.get(node)!)
        distance.set(next.id, Math.max(distance.get(next.id) ?? 0, far + 1))
    }
  }
  return order.filter(isWanted).sort((a, b) => (distance.get(b.id) ?? 0) - (distance.get(a.id) ?? 0))
}

/** Which nodes' pictures go into which: looked up once, however many outputs a graph has. */
export class PictureLinks {
  readonly #above = new Map<Node, readonly Node[]>()

  constructor(private readonly graph: Graph) {}

  above(node: Node): readonly Node[] {
    let found = this.#above.get(node)
    if (!found) this.#above.set(node, (found = this.#look(node)))
    return found
  }

  #look(node: Node): readonly Node[] {
    const chosen = isSwitch(node) ? asLink(chosenInput(this.graph, node)) : undefined
    const only = chosen && this.graph.get(chosen.node)
    if (only) return [only]
    const nodes = linksOf(node).flatMap(([name, link]) => {
      const next = NO_PICTURE.test(name) ? undefined : this.graph.get(link.node)
      return next ? [next] : []
    })
    return [...new Set(nodes)]
  }
}

/** Each node after all that are above it; without recursion, since a file decides how deep it goes. */
function postOrder(root: Node, pictures: PictureLinks): Node[] {
  const order: Node[] = []
  const seen = new Set([root])
  const stack = [{ node: root, left: [...pictures.above(root)] }]
  for (let top = stack.at(-1); top; top = stack.at(-1)) {
    const next = top.left.pop()
    if (!next) {
      order.push(top.node)
      stack.pop()
    } else if (!seen.has(next)) {
      seen.add(next)
      stack.push({ node: next, left: [...pictures.above(next)] })
    }
  }
  return order
}
