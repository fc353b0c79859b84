import { unreadable, unsafe } from '../checkpoint-error.ts'
import { elsewhere, tensorOfClass } from '../foreign/foreign-objects.ts'
import { type PickleHost, unpickle } from '../pickle/pickle-machine.ts'
import { PickleDict, PickleEnd, PickleFault, PickleForeign, PickleRefused } from '../pickle/pickle-values.ts'
import type { StoredBytes } from '../tensors/stored-bytes.ts'
import type { TensorLayout } from '../tensors/stored-tensor.ts'
import { elementCount, spanOf } from '../tensors/strided-box.ts'
import { ELEMENT_SIZE, isTensorDtype } from '../tensors/tensor-dtype.ts'
import { entriesOf, keysToWeights, type SetChoice } from '../weight-sets.ts'
import { SpecialTensor } from './special-tensor.ts'
import { storageRecord } from './storage-record.ts'
import { torchGlobal } from './torch-globals.ts'
import { StorageRecord, STORED_SIZE, TensorRecord } from './torch-records.ts'

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
 * Finds the state dict in what was pickled: a dict of tensors, or one in it that is chosen. `locate` gives the bytes of a
 * storage.
 */
export function stateOf(
  path: string,
  root: unknown,
  locate: (storage: StorageRecord) => StoredBytes,
  choice: SetChoice = {},
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
  for (const inner of keysToWeights(path, root, choice)) {
    const entries = entriesOf(dict)
    for (const [key, value] of entries) if (key !== inner) note(`${wrapper}${keyName(key)}`, value)
    dict = entries.get(inner)
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
