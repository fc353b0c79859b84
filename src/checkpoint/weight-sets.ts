import type { CheckpointError } from '../base/errors.ts'
import { unreadable } from './checkpoint-error.ts'
import { tensorOfClass } from './foreign/foreign-objects.ts'
import { PickleDict, PickleForeign, PickleTuple } from './pickle/pickle-values.ts'
import { SpecialTensor } from './torch/special-tensor.ts'
import { TensorRecord } from './torch/torch-records.ts'

/** A dict of tensors somewhere in what was pickled: a state dict, its moving average, what an optimiser keeps, … */
export interface WeightSet {
  /** Keys that lead to it, from the top; none where the file is the dict itself. The same dict may lie at several places. */
  readonly places: readonly (readonly string[])[]
  /** Of its tensors; none where they lie in a list. */
  readonly names: readonly string[]
  /** Of its tensors, in a list: what libraries for moving averages keep. */
  readonly unnamed: number
}

/** Picks one of several sets of weights, or leaves it to the usual keys. May throw. */
export type ChooseSet = (path: string, sets: readonly WeightSet[]) => number | undefined

/** What sets may lie in. */
type Container = PickleDict | PickleTuple | readonly unknown[]

export interface SetChoice {
  /** The key of the wanted set, such as `ema`. */
  readonly weightsKey?: string | undefined
  /** For readers that know which names they need. Asked where there is more than one set. */
  readonly choose?: ChooseSet | undefined
}

/** Keys under which training scripts put the weights, the likeliest first. */
const WRAPPERS = ['state_dict', 'model_state_dict', 'model', 'module', 'net', 'network', 'weights', 'params']
const MAX_DEPTH = 4
/** Dicts that are looked into, and places of one of them that are told. */
const MAX_DICTS = 100_000
const MAX_PLACES = 20
/** Of a list that are looked at: there are no models of more tensors. */
const MAX_ITEMS = 10_000

/** Keys that lead from the top to the dict of the weights. Throws `CheckpointError` where several sets could be meant. */
export function keysToWeights(path: string, root: unknown, { weightsKey, choose }: SetChoice): string[] {
  if (choose && isContainer(root)) {
    const sets = weightSets(root)
    const named = sets.filter(({ names }) => names.length > 0)
    const chosen = sets.length > 1 ? choose(path, sets) : undefined
    if (chosen !== undefined) return placeOf(sets[chosen], weightsKey)
    if (named.length <= 1) return placeOf(named[0], weightsKey)
  }
  const keys: string[] = []
  for (let dict: unknown = root; keys.length < MAX_DEPTH && dict instanceof PickleDict;) {
    const inner = usualKey(path, dict, keys, weightsKey)
    if (inner === undefined) break
    keys.push(inner)
    dict = dict.entries.get(inner)
  }
  return keys
}

const isContainer = (value: unknown): value is Container =>
  value instanceof PickleDict || value instanceof PickleTuple || Array.isArray(value)

/** What lies in a dict, a list or a tuple, by its key or its number there. */
export function entriesOf(value: unknown): ReadonlyMap<unknown, unknown> {
  if (value instanceof PickleDict) return value.entries
  const list: unknown = value instanceof PickleTuple ? value.items : value
  const items = Array.isArray(list) ? (list as unknown[]) : []
  return new Map(items.slice(0, MAX_ITEMS).map((item, index) => [String(index), item]))
}

/** Of the places of one set, the one that was asked for. */
function placeOf(set: WeightSet | undefined, weightsKey: string | undefined): string[] {
  const places = set?.places ?? []
  return [...(places.find((place) => isIn(place.join('.'), weightsKey)) ?? places[0] ?? [])]
}

/** Whether a dotted path has a key in it, in whole segments. */
const isIn = (path: string, key: string | undefined): boolean => `.${path}.`.includes(`.${key}.`)

/** Refuses to guess which of several sets is meant. */
export function severalSets(path: string, sets: readonly string[], wanted?: string): CheckpointError {
  const list = sets.slice(0, 20).join(', ')
  const first = sets.find((set) => set !== TOP) ?? sets[0]
  const why = sets.some((set) => isIn(set, wanted))
    ? `of which more than one has ${JSON.stringify(wanted)} in its name`
    : `none called ${JSON.stringify(wanted)}`
  return unreadable(
    path,
    `it holds several sets of weights (${list})${wanted === undefined ? '' : `, ${why}`}. Name the wanted one (--weights-key ${first}).`,
    { keys: [...sets] },
  )
}

/** How the set is called that lies under no key. */
export const TOP = '(the top)'

/** Also one that is none to be read: the error names it then. */
const isTensor = (value: unknown): boolean =>
  value instanceof TensorRecord ||
  value instanceof SpecialTensor ||
  (value instanceof PickleForeign && tensorOfClass(value))

/** A list of losses has no shape, that of weights has biases and matrices. */
const isArray = (value: unknown): boolean => value instanceof TensorRecord && value.shape.length > 0

function weightSets(root: Container): WeightSet[] {
  const sets = new Map<Container, WeightSet & { readonly places: string[][] }>()
  const seen = new Set<Container>()
  const visit = (dict: Container, place: string[]): void => {
    if (seen.has(dict)) {
      const known = sets.get(dict)
      if (known && known.places.length < MAX_PLACES) known.places.push(place)
      return
    }
    if (seen.size >= MAX_DICTS) return
    seen.add(dict)
    const entries = entriesOf(dict)
    const names: string[] = []
    for (const [key, value] of entries) if (typeof key === 'string' && isTensor(value)) names.push(key)
    if (names.length > 0) {
      const isNamed = dict instanceof PickleDict
      sets.set(dict, {
        places: [place],
        names: isNamed ? names : [],
        unnamed: isNamed ? 0 : [...entries.values()].filter(isArray).length,
      })
    }
    if (place.length >= MAX_DEPTH) return
    for (const [key, value] of entries)
      if (isContainer(value) && typeof key === 'string') visit(value, [...place, key])
  }
  visit(root, [])
  return [...sets.values()]
}

/** The key of the dict to go into, or `undefined` where `dict` is the state dict itself. */
function usualKey(
  path: string,
  dict: PickleDict,
  above: readonly string[],
  weightsKey: string | undefined,
): string | undefined {
  const inner: string[] = []
  const seen = new Map<PickleDict, boolean>()
  let direct = 0
  for (const [key, value] of dict.entries) {
    if (value instanceof TensorRecord) direct++
    else if (typeof key === 'string' && value instanceof PickleDict && leadsToTensors(value, seen))
      inner.push(key)
  }
  const named = inner.find((key) => key === weightsKey || [...above, key].join('.') === weightsKey)
  if (named !== undefined) return named
  // Which of two sets the authors publish (the trained one, its moving average, …) is not for us to guess.
  const sets = new Set(inner.map((key) => dict.entries.get(key)))
  const known = WRAPPERS.find((key) => inner.includes(key))
  if (sets.size <= 1) return known ?? (direct > 0 ? undefined : inner[0])
  throw severalSets(
    path,
    inner.map((key) => [...above, key].join('.')),
    weightsKey,
  )
}

/** `seen` keeps answers: a hostile pickle can refer to one large dict a million times. */
function leadsToTensors(dict: PickleDict, seen: Map<PickleDict, boolean>, depth = 0): boolean {
  const known = seen.get(dict)
  if (known !== undefined) return known
  seen.set(dict, false)
  const inner = depth < MAX_DEPTH ? WRAPPERS.map((key) => dict.entries.get(key)) : []
  const answer =
    [...dict.entries.values()].some((value) => value instanceof TensorRecord) ||
    inner.some((value) => value instanceof PickleDict && leadsToTensors(value, seen, depth + 1))
  seen.set(dict, answer)
  return answer
}
