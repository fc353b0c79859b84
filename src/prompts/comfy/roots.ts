import { get } from '../json-value.ts'
import { type Graph, linksOf, type Node } from './graph.ts'
import { isSampler } from './samplers.ts'

/**
 * Where the picture may have come out of the graph, the likeliest first: nodes that save images, else those that show them,
 * else samplers whose output nothing uses. Of several, the one whose `filename_prefix` fits the file's name longest.
 */
export function findRoots(graph: Graph, name: string | undefined): readonly Node[] {
  const nodes = [...graph.values()]
  const saves = nodes.filter((node) => /save|videocombine/i.test(node.type) && takesImages(node))
  const roots =
    saves.length > 0 ? saves : nodes.filter((node) => /^preview/i.test(node.type) && takesImages(node))
  if (roots.length === 0) return unusedSamplers(graph)
  const file = name?.split(/[\\/]/).at(-1) ?? ''
  const fit = (node: Node): number => {
    const prefix = prefixOf(node)
    return prefix !== '' && file.startsWith(prefix) ? prefix.length : 0
  }
  return roots
    .map((node) => [node, fit(node)] as const)
    .sort(([, a], [, b]) => b - a)
    .map(([node]) => node)
}

const takesImages = (node: Node): boolean =>
  linksOf(node).some(([input]) => /image|^pixels$|^frames$/i.test(input))

/** Without folders, and up to the first `%date%` and its like. */
function prefixOf({ inputs }: Node): string {
  const prefix = get(inputs, 'filename_prefix') ?? get(inputs, 'filename')
  return typeof prefix === 'string' ? prefix.split(/[\\/]/).at(-1)!.split('%', 1)[0]! : ''
}

function unusedSamplers(graph: Graph): Node[] {
  const used = new Set([...graph.values()].flatMap((node) => linksOf(node).map(([, link]) => link.node)))
  const samplers = [...graph.values()].filter(isSampler)
  const unused = samplers.filter(({ id }) => !used.has(id))
  return unused.length > 0 ? unused : samplers
}
