import type { Checkpoint, CheckpointTensor } from '../checkpoint/checkpoint.ts'
import { type ChooseSet, severalSets, TOP } from '../checkpoint/weight-sets.ts'
import { type CheckpointPart, isNeeded, type NamedWeights, templateFor } from './clip-keys.ts'
import { fitNames, type NameFit } from './name-fit.ts'

/** A checkpoint's weights under the keys of the model that they fit. */
export interface FittedWeights extends NamedWeights {
  /** By key; what fits no key is under its own name. */
  readonly tensors: ReadonlyMap<string, CheckpointTensor>
  /** What was taken off the names: of each root that was taken, all that leads to it, such as `state_dict.module.`. */
  readonly roots: readonly string[]
  /** Segments within the names that were taken out. */
  readonly inner: readonly string[]
  /** Whether `weightsKey` names what was taken. */
  readonly isNamed: boolean
}

export interface FitOptions {
  readonly weightsKey?: string | undefined
  /** The other part that the same file holds: its weights are let go. */
  readonly beside?: CheckpointPart | undefined
}

/** A set counts as one of the model where it has at least this share of the keys that the fullest one has. */
const SHARE = 0.5

/** Chooses the dict of a pickle whose names fit, and refuses where two do. */
export function chooseFitting(part: CheckpointPart, { weightsKey }: FitOptions): ChooseSet {
  return (path, sets) => {
    const counts = sets.map(({ names }) => {
      const fits = fitNames(names, templateFor(part))
      return { fits, needed: neededKeys(fits, part).size }
    })
    const most = Math.max(...counts.map(({ needed }) => needed))
    if (most === 0) return undefined
    const candidates = counts.flatMap(({ fits, needed }, index) => {
      if (needed < most * SHARE) return []
      const roots = fits.map(({ root }) => root)
      return [
        { index, paths: sets[index]!.places.flatMap((place) => roots.map((root) => join(place, root))) },
      ]
    })
    const named =
      weightsKey === undefined
        ? []
        : candidates.filter(({ paths }) => pathsNamedBy(paths, weightsKey).length > 0)
    const left = named.length > 0 ? named : candidates
    if (left.length === 1) return left[0]!.index
    const list = left.map(({ index }) => sets[index]!.places[0]!.join('.') || TOP)
    throw severalSets(path, list, weightsKey)
  }
}

/** Gives the weights the names that the model has for them. Throws `CheckpointError` where several sets fit. */
export function fitWeights(
  checkpoint: Checkpoint,
  part: CheckpointPart,
  { weightsKey, beside }: FitOptions = {},
): FittedWeights {
  const { path, wrapper } = checkpoint
  const { before } = templateFor(part)
  const names = [...checkpoint.tensors.keys()]
  const fits = fitNames(names, templateFor(part))
  const taken = chooseRoots(path, wrapper, fits, part, weightsKey)
  const isNamed = weightsKey !== undefined && taken.some(({ root }) => isNamedBy(wrapper + root, weightsKey))
  // Where a root is named, what lies elsewhere is another set, and let go.
  const alone = isNamed && !isNamedBy(wrapper, weightsKey) && taken.every(({ root }) => root !== '')
  const others = new Set(
    [
      ...fits.filter((fit) => !taken.includes(fit)),
      ...(beside === undefined ? [] : fitNames(names, templateFor(beside))),
    ].flatMap((fit) => [...fit.names.values()]),
  )
  const tensors = new Map<string, CheckpointTensor>()
  const used = new Set<string>()
  for (const { names: fitted } of taken) {
    for (const [key, name] of fitted) {
      tensors.set(key, checkpoint.tensors.get(name)!)
      used.add(name)
    }
  }
  const [only] = taken.length === 1 ? taken : []
  for (const [name, tensor] of checkpoint.tensors) {
    if (used.has(name) || others.has(name)) continue
    if (alone && !taken.some(({ root }) => name.startsWith(root))) continue
    const bare = only && name.startsWith(only.root) ? name.slice(only.root.length) : name
    tensors.set(tensors.has(bare) ? name : bare, tensor)
  }
  return {
    path,
    tensors,
    root: only && wrapper + only.root,
    roots: taken.length === 0 ? [wrapper] : taken.map(({ root }) => wrapper + withoutEnd(root, before)),
    inner: [...new Set(taken.flatMap(({ inner }) => [...inner]))],
    isNamed: isNamed || (weightsKey !== undefined && isNamedBy(wrapper, weightsKey)),
  }
}

/**
 * The roots whose names make the model: all, where no two of them have a weight for the same key (`visual.` and
 * `textual.`); else the one that is named.
 */
function chooseRoots(
  path: string,
  wrapper: string,
  fits: readonly NameFit[],
  part: CheckpointPart,
  weightsKey: string | undefined,
): readonly NameFit[] {
  const paths = fits.map(({ root }) => wrapper + root)
  if (weightsKey !== undefined && fits.length > 1) {
    const named = pathsNamedBy(paths, weightsKey)
    const chosen = fits.filter(({ root }) => named.includes(wrapper + root))
    if (chosen.length > 0 && chosen.length < fits.length)
      return chooseRoots(path, wrapper, chosen, part, undefined)
  }
  const rivals = fits.filter((fit) => fits.some((other) => other !== fit && sharesKey(fit, other, part)))
  if (rivals.length === 0) return fits
  const { before } = templateFor(part)
  const list = rivals.map(({ root }) => (wrapper + withoutEnd(root, before)).replace(/\.$/, '') || TOP)
  throw severalSets(path, list, weightsKey)
}

const sharesKey = (a: NameFit, b: NameFit, part: CheckpointPart): boolean =>
  [...a.names.keys()].some((key) => b.names.has(key) && isNeeded(key, part))

function neededKeys(fits: readonly NameFit[], part: CheckpointPart): Set<string> {
  return new Set(fits.flatMap(({ names }) => [...names.keys()]).filter((key) => isNeeded(key, part)))
}

/** Those of the paths that a key names: the one that is the key, else those that have it in them. */
function pathsNamedBy(paths: readonly string[], key: string): readonly string[] {
  const exact = paths.filter((path) => path === `${key}.`)
  return exact.length > 0 ? exact : paths.filter((path) => isNamedBy(path, key))
}

/** Whether a path such as `state_dict.ema.` has the key in it, in whole segments. */
const isNamedBy = (path: string, key: string): boolean =>
  `.${path}`.includes(`.${key}.`) || (key === TOP && path === '')

const join = (place: readonly string[], root: string): string => place.map((key) => `${key}.`).join('') + root

/** Of `mlp.layers.`, what is not the head's own name of its layers. */
const withoutEnd = (root: string, end: string): string =>
  end !== '' && `.${root}`.endsWith(`.${end}`) ? root.slice(0, -end.length) : root
