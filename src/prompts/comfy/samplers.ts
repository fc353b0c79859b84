import { get } from '../json-value.ts'
import { type Graph, has, linkOf, linksOf, type Node } from './graph.ts'

const SAMPLER_INPUTS = ['seed', 'noise_seed', 'steps', 'cfg', 'sampler_name', 'sampler', 'sigmas']

/** A node that makes pictures of conditionings. */
export function isSampler(node: Node): boolean {
  if (linkOf(node, 'guider')) return true
  const isTold = linkOf(node, 'positive') !== undefined || typeof get(node.inputs, 'positive') === 'string'
  return isTold && SAMPLER_INPUTS.some((name) => has(node, name))
}

/** Inputs that carry no picture: what is upstream of them is not what this one was made from. */
const NO_PICTURE =
  /^(?:.*model.*|clip.*|.*vae.*|positive.*|negative.*|cond.*|control.*|guider|samplers?|sigmas|noise|.*mask.*|.*seed.*|text.*|string.*|prompt.*|.*lora.*|steps|cfg|width|height|.*style.*)$/i

/**
 * The samplers upstream of a node by way of pictures and latents, the farthest first: a refiner's and an upscaler's prompts are
 * not the picture's. Far is the longest way, since a picture may also go past a sampler.
 */
export function samplersAbove(graph: Graph, root: Node): Node[] {
  const order = postOrder(graph, root)
  const place = new Map(order.map((node, i) => [node, i]))
  const distance = new Map([[root.id, 0]])
  // From the root up: in reverse of the order in which they were finished, all ways to a node come before it.
  for (const node of order.toReversed()) {
    const far = distance.get(node.id) ?? 0
    for (const next of above(graph, node)) {
      // A circle leads back to what is done.
      if (place.get(next)! < place.get(node)!)
        distance.set(next.id, Math.max(distance.get(next.id) ?? 0, far + 1))
    }
  }
  return order.filter(isSampler).sort((a, b) => (distance.get(b.id) ?? 0) - (distance.get(a.id) ?? 0))
}

function above(graph: Graph, node: Node): Node[] {
  return linksOf(node).flatMap(([name, link]) => {
    const next = NO_PICTURE.test(name) ? undefined : graph.get(link.node)
    return next ? [next] : []
  })
}

/** Each node after all that are above it; without recursion, since a file decides how deep it goes. */
function postOrder(graph: Graph, root: Node): Node[] {
  const order: Node[] = []
  const seen = new Set([root])
  const stack = [{ node: root, left: above(graph, root) }]
  for (let top = stack.at(-1); top; top = stack.at(-1)) {
    const next = top.left.pop()
    if (!next) {
      order.push(top.node)
      stack.pop()
    } else if (!seen.has(next)) {
      seen.add(next)
      stack.push({ node: next, left: above(graph, next) })
    }
  }
  return order
}
