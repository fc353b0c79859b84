import { unreadable, unsafe } from './checkpoint-error.ts'
import { elsewhere, tensorOfClass } from './foreign-weights.ts'
import { type PickleHost, unpickle } from './pickle-machine.ts'
import { PickleDict, PickleEnd, PickleFault, PickleForeign, PickleRefused } from './pickle-values.ts'
import { SpecialTensor } from './special-tensor.ts'
import type { StoredBytes } from './stored-bytes.ts'
import type { TensorLayout } from './stored-tensor.ts'
import { elementCount, spanOf } from './strided-box.ts'
import { ELEMENT_SIZE, isTensorDtype } from './tensor-dtype.ts'
import { StorageRecord, storageRecord, STORED_SIZE, TensorRecord, torchGlobal } from './torch-globals.ts'

/** An entry that is not a tensor: what a checkpoint says beside its weights. */
export type Scalar = number | bigint | string | boolean | null

/** The tensors of one file, by name, with the dict they were found in taken off. */
export interface FileState {
  readonly tensors: ReadonlyMap<string, TensorLayout>
  /** Such as `state_dict.`, or empty. */
  readonly wrapper: string
  readonly skipped: readonly string[]
  readonly scalars: ReadonlyMap<string, Scalar>
}

/** Keys under which training scripts put the weights, the likeliest first. */
const WRAPPERS = ['state_dict', 'model_state_dict', 'model', 'module', 'net', 'network', 'weights', 'params']
const MAX_DEPTH = 4
/** Elements of an expanded tensor (stride 0) that a storage of a few bytes may claim. */
const MAX_EXPANDED = 2 ** 28

/**
 * Reads a pickle with torch's globals. Failures but `PickleEnd` become `CheckpointError`s. `storages` gets those that are
 * named; as in torch, a name stands for what was said of it first, dtype and all.
 */
export function unpickleTorch(
  path: string,
  bytes: Uint8Array,
  start: number,
  storages: StorageRecord[],
  legacy: boolean,
): { value: unknown; end: number } {
  const host: PickleHost = { findGlobal: torchGlobal, persistentLoad: storageLoader(storages, legacy) }
  try {
    return unpickle(bytes, start, host)
  } catch (cause) {
    if (cause instanceof PickleEnd) throw cause
    if (cause instanceof PickleRefused) throw unsafe(path, cause.message, { cause })
    if (cause instanceof PickleFault)
      throw unreadable(path, `its pickle is broken: ${cause.message}.`, { cause })
    throw cause
  }
}

/** `_load` and `_legacy_load` of torch: storages are kept by their keys, views by theirs, and empty ones not at all. */
function storageLoader(
  storages: StorageRecord[],
  legacy: boolean,
): (id: unknown) => StorageRecord | PickleForeign {
  const whole = new Map<string, StorageRecord>()
  const views = new Map<string, StorageRecord>()
  return (id) => {
    const named = storageRecord(id, legacy)
    if (!(named instanceof StorageRecord)) return named
    let kept = whole.get(named.key)
    if (!kept || kept.byteLength === 0) {
      kept = new StorageRecord(named.key, named.dtype, kept && legacy ? 0 : named.length)
      whole.set(named.key, kept)
      storages.push(kept)
    }
    const { key } = named.view
    if (key === undefined) return kept
    const view = views.get(key) ?? named
    views.set(key, view)
    return view
  }
}

/**
 * Finds the state dict in what was pickled: a dict of tensors, or one under a known key of a dict (or the only dict of
 * tensors in it). `locate` gives the bytes of a storage.
 */
export function stateOf(
  path: string,
  root: unknown,
  locate: (storage: StorageRecord) => StoredBytes,
  weightsKey?: string,
): FileState {
  const skipped: string[] = []
  const scalars = new Map<string, Scalar>()
  const note = (name: string, value: unknown): void => {
    skipped.push(name)
    if (value === null || ['number', 'bigint', 'string', 'boolean'].includes(typeof value))
      scalars.set(name, value as Scalar)
  }
  let dict = root
  let wrapper = ''
  for (let depth = 0; depth < MAX_DEPTH && dict instanceof PickleDict; depth++) {
    const inner = wrapperKey(path, dict, wrapper, weightsKey)
    if (inner === undefined) break
    for (const [key, value] of dict.entries) if (key !== inner) note(`${wrapper}${keyName(key)}`, value)
    dict = dict.entries.get(inner)
    wrapper += `${inner}.`
  }
  const tensors = new Map<string, TensorLayout>()
  for (const [key, value] of dict instanceof PickleDict ? dict.entries : []) {
    const name = typeof key === 'string' ? key : '?'
    if (value instanceof SpecialTensor || (value instanceof PickleForeign && tensorOfClass(value)))
      throw unreadable(path, `${name} ${specialSays(value)}.`, { tensor: name })
    if (value instanceof TensorRecord && typeof key === 'string')
      tensors.set(key, layoutOf(path, key, value, locate))
    else note(`${wrapper}${keyName(key)}`, value)
  }
  if (tensors.size === 0) {
    throw unreadable(
      path,
      elsewhere(root) ??
        'it holds no dict of tensors. Save the weights alone, with torch.save(model.state_dict(), …).',
    )
  }
  return { tensors, wrapper, skipped, scalars }
}

const specialSays = (value: SpecialTensor | PickleForeign): string =>
  (value instanceof SpecialTensor ? value : SpecialTensor.ofClass(value.path)).says

/** For lists of what was skipped: keys may be anything. */
function keyName(key: unknown): string {
  return typeof key === 'string' ||
    typeof key === 'number' ||
    typeof key === 'bigint' ||
    typeof key === 'boolean'
    ? String(key)
    : '?'
}

/** The key of the dict to go into, or `undefined` where `dict` is the state dict itself. */
function wrapperKey(
  path: string,
  dict: PickleDict,
  wrapper: string,
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
  const named = inner.find((key) => key === weightsKey || `${wrapper}${key}` === weightsKey)
  if (named !== undefined) return named
  // Which of two sets the authors publish (the trained one, its moving average, …) is not for us to guess.
  const sets = new Set(inner.map((key) => dict.entries.get(key)))
  const known = WRAPPERS.find((key) => inner.includes(key))
  if (sets.size <= 1) return known ?? (direct > 0 ? undefined : inner[0])
  throw unreadable(
    path,
    `it holds several sets of weights (${inner.slice(0, 20).join(', ')}). Name the wanted one (--weights-key ${inner[0]}).`,
    { keys: inner.map((key) => `${wrapper}${key}`) },
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

/** Holds a tensor against its storage: nothing may lie outside. */
function layoutOf(
  path: string,
  name: string,
  record: TensorRecord,
  locate: (storage: StorageRecord) => StoredBytes,
): TensorLayout {
  const { dtype, storage, shape, strides } = record
  if (!isTensorDtype(dtype)) {
    throw unreadable(path, `${name} has dtype ${dtype}. Save it as float32, float16, bfloat16 or float64.`, {
      tensor: name,
      dtype,
    })
  }
  const width = ELEMENT_SIZE[dtype]
  const stored = STORED_SIZE[storage.dtype]!
  const elements = elementCount(shape)
  const end = elements === 0 ? 0 : (record.offset + spanOf(shape, strides)) * width
  const room = storage.view.length * stored
  const expanded = elements * width > room && elements > MAX_EXPANDED
  const start = (storage.view.start * stored) / width
  const bytes = locate(storage)
  if (
    end > room ||
    start * width + end > bytes.length ||
    expanded ||
    !Number.isSafeInteger(elements * width) ||
    !Number.isInteger(start)
  ) {
    throw unreadable(path, `${name} lies outside its storage. The file is damaged, or was made to mislead.`, {
      tensor: name,
      shape,
      strides,
      offset: record.offset,
      storageBytes: room,
    })
  }
  return { dtype, shape, strides, offset: elements === 0 ? 0 : record.offset + start, bytes }
}
