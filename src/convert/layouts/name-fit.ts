/**
 * Which names of a checkpoint are which keys of a model, whatever wrapped the model when it was saved: data-parallel
 * training, torch.compile, a module of one's own, … No list of such wrappers is kept. A name fits where the end of it is
 * a key, and where what else stands within that end wraps all that lies below it.
 */

/** Keys of a model as a tree; a layer's number is one branch for all layers. */
interface Branch {
  readonly children: Map<string, Branch>
  isKey: boolean
}

export interface NameTemplate {
  readonly root: Branch
  /** What the keys of the model put before those of the template, such as `layers.`. */
  readonly before: string
}

/** The names below one root that fit. */
export interface NameFit {
  /** What stands before the keys, such as `model.`; empty where nothing does. */
  readonly root: string
  /** Name in the checkpoint by key. */
  readonly names: ReadonlyMap<string, string>
  /** Segments within the names that are no part of a key, such as `_orig_mod`. */
  readonly inner: ReadonlySet<string>
}

const ANY_NUMBER = '#'
/** More than any model has whose keys are known: what is larger is not looked at. */
const MAX_NAMES = 50_000
const MAX_SEGMENTS = 64

/** `before` is taken off the keys, so that it may be called otherwise; `anyLayer`: a number stands for all numbers. */
export function templateOf(
  keys: Iterable<string>,
  { before = '', anyLayer = false }: { before?: string; anyLayer?: boolean } = {},
): NameTemplate {
  const root: Branch = { children: new Map(), isKey: false }
  for (const key of keys) {
    let branch = root
    for (const segment of key.slice(before.length).split('.')) {
      const label = anyLayer && /^\d+$/.test(segment) ? ANY_NUMBER : segment
      let next = branch.children.get(label)
      if (!next) branch.children.set(label, (next = { children: new Map(), isKey: false }))
      branch = next
    }
    branch.isKey = true
  }
  return { root, before }
}

/** Fits all names; one fit for each root, the largest first. A name is part of one fit at most. */
export function fitNames(names: readonly string[], template: NameTemplate): NameFit[] {
  if (names.length > MAX_NAMES) return []
  const tree = treeOf(names)
  const fits = new Map<string, { root: string; names: Map<string, string>; inner: Set<string> }>()
  for (const name of names) {
    const segments = name.split('.')
    if (segments.length > MAX_SEGMENTS) continue
    // From the end: of `vision_model.vision_model.x`, the inner one is the model's.
    for (let start = segments.length - 1; start >= 0; start--) {
      if (!template.root.children.has(segments[start]!)) continue
      const found = walk(template.root, segments, start, tree)
      if (!found) continue
      const root = segments
        .slice(0, start)
        .map((segment) => `${segment}.`)
        .join('')
      let fit = fits.get(root)
      if (!fit) fits.set(root, (fit = { root, names: new Map(), inner: new Set() }))
      const key = template.before + found.key
      // The same key twice below one root (`x.weight` and `x.module.weight`): neither is certain, and one is left over.
      if (!fit.names.has(key)) fit.names.set(key, name)
      for (const segment of found.inner) fit.inner.add(segment)
      break
    }
  }
  return [...fits.values()].sort((a, b) => b.names.size - a.names.size)
}

interface NameTree {
  readonly below: Map<string, NameTree>
}

function treeOf(names: readonly string[]): NameTree {
  const root: NameTree = { below: new Map() }
  for (const name of names) {
    let node = root
    for (const segment of name.split('.', MAX_SEGMENTS)) {
      let next = node.below.get(segment)
      if (!next) node.below.set(segment, (next = { below: new Map() }))
      node = next
    }
  }
  return root
}

function walk(
  root: Branch,
  segments: readonly string[],
  start: number,
  tree: NameTree,
): { key: string; inner: string[] } | undefined {
  let node = tree
  for (const segment of segments.slice(0, start)) node = node.below.get(segment)!
  const key: string[] = []
  const inner: string[] = []
  let branch = root
  for (const segment of segments.slice(start)) {
    const next =
      branch.children.get(segment) ?? (/^\d+$/.test(segment) ? branch.children.get(ANY_NUMBER) : undefined)
    if (next) {
      branch = next
      key.push(segment)
    } else if (node.below.size === 1) inner.push(segment)
    else return undefined
    node = node.below.get(segment)!
  }
  return branch.isKey ? { key: key.join('.'), inner } : undefined
}
