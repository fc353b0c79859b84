import type { CheckpointError } from '../../base/errors.ts'
import type { Checkpoint, CheckpointTensor } from '../../checkpoint/checkpoint.ts'
import { unreadable } from '../../checkpoint/checkpoint-error.ts'
import { type ChooseSet, severalSets, TOP } from '../../checkpoint/weight-sets.ts'
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
/** What has less of them than this lies about: an exponent that a loss has for itself. */
const STRAY = 0.1

/** Chooses the dict of a pickle whose names fit, and refuses where two do. */
export function chooseFitting(part: CheckpointPart, { weightsKey }: FitOptions): ChooseSet {
  return (path, sets) => {
    const counts = sets.map(({ names }) => {
      const fits = fitNames(names, templateFor(part))
      return { fits, needed: neededKeys(fits, part) }
    })
    const most = Math.max(...counts.map(({ needed }) => needed.size))
    if (most === 0) return undefined
    const candidates = counts.flatMap(({ fits, needed }, index): Candidate[] => {
      if (needed.size < most * SHARE) return []
      const { places } = sets[index]!
      const paths = places.flatMap((place) => fits.map(({ root }) => join(place, root)))
      return [
        { index, needed, name: nameOf(places[0]!), places: places.map((place) => join(place, '')), paths },
      ]
    })
    const named = weightsKey === undefined ? [] : candidatesNamedBy(candidates, weightsKey)
    const left = named.length > 0 ? named : candidates
    const unnamed = sets.filter((set) => set.unnamed >= most * SHARE && set.places.some(isAverage))
    if (left.length === 1 && (named.length > 0 || unnamed.length === 0)) return left[0]!.index
    const wanted = unnamed.find(({ places }) =>
      places.some((place) => isNamedBy(join(place, ''), weightsKey)),
    )
    if (wanted && named.length === 0) throw withoutNames(path, nameOf(wanted.places[0]!))
    const list = left.map(({ name }) => name)
    if (named.length === 0 && unnamed.length === 0 && !left.some((one) => left.some(rivals(one))))
      throw inParts(path, list)
    throw severalSets(path, [...list, ...unnamed.map(({ places }) => nameOf(places[0]!))], weightsKey)
  }
}

/** A set that may be the one that is meant. */
interface Candidate {
  readonly index: number
  readonly needed: ReadonlySet<string>
  readonly name: string
  /** Where it lies, with a dot at the end. */
  readonly places: readonly string[]
  /** The same with what stands before the keys in it. */
  readonly paths: readonly string[]
}

/** Those that a key names: the one that is so called, else those whose names begin so, else those that have it in them. */
function candidatesNamedBy(candidates: readonly Candidate[], key: string): readonly Candidate[] {
  const tests = [
    ({ places }: Candidate) => places.includes(`${key}.`),
    ({ paths }: Candidate) => paths.includes(`${key}.`),
    ({ paths }: Candidate) => paths.some((path) => path.startsWith(`${key}.`)),
    ({ paths }: Candidate) => pathsNamedBy(paths, key).length > 0,
  ]
  return tests.map((test) => candidates.filter(test)).find((found) => found.length > 0) ?? []
}

const nameOf = (place: readonly string[]): string => place.join('.') || TOP

const rivals =
  (one: Candidate) =>
  (other: Candidate): boolean =>
    one !== other && [...one.needed].some((key) => other.needed.has(key))

/** What libraries for moving averages call the lists of tensors that they keep, without names. */
const isAverage = (place: readonly string[]): boolean =>
  place.some(
    (key) => /(^|_)(ema|shadow|swa|polyak)|average|(?<!exp_)avg/i.test(key) || /[a-z]E(ma|MA)/.test(key),
  )

const withoutNames = (path: string, name: string): CheckpointError =>
  unreadable(
    path,
    `${name} in it is a list of tensors without names, so nobody can tell which is which. In Python, have the library that ` +
      'kept it copy it into the model (such as ema.copy_to(model.parameters())), and save its state_dict().',
    { key: name },
  )

function inParts(path: string, parts: readonly string[]): CheckpointError {
  return unreadable(
    path,
    `it holds the model in parts, each in a dict of its own (${parts.join(', ')}). Put them into one: ` +
      `torch.save({${parts
        .map(
          (part) =>
            `**checkpoint[${part
              .split('.')
              .map((key) => JSON.stringify(key))
              .join('][')}]`,
        )
        .join(', ')}}, …).`,
    { parts: [...parts] },
  )
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
  const fits = withoutStrays(fitNames(names, templateFor(part)))
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

/** Without what is called like a weight of the model and lies elsewhere, such as `loss.logit_scale`: no second set is so small. */
const withoutStrays = (fits: readonly NameFit[]): readonly NameFit[] =>
  fits.filter(
    (fit) =>
      !fits.some(
        ({ names }) =>
          fit.names.size < names.size * STRAY && [...fit.names.keys()].every((key) => names.has(key)),
      ),
  )

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
const isNamedBy = (path: string, key: string | undefined): boolean =>
  `.${path}`.includes(`.${key}.`) || (key === TOP && path === '')

const join = (place: readonly string[], root: string): string => place.map((key) => `${key}.`).join('') + root

/** Of `mlp.layers.`, what is not the head's own name of its layers. */
const withoutEnd = (root: string, end: string): string =>
  end !== '' && `.${root}`.endsWith(`.${end}`) ? root.slice(0, -end.length) : root
