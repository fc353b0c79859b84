import { PickleFault, PickleForeign, PickleTuple } from '../pickle/pickle-values.ts'
import { StorageRecord, TorchType } from './torch-records.ts'

/** Where a storage was: a device of torch (torch/serialization.py), or one of others, by its name and number. */
const DEVICE = /^(?:cpu|cuda|hip|xla|xpu|mps|meta|hpu|mtia|privateuseone|[a-z]{2,16}:\d{1,4})$/

/**
 * Reads a persistent id: `('storage', class, key, location, length)`, with a view in legacy files only. Old legacy files
 * keep whole modules as `('module', class, file, source)`.
 */
export function storageRecord(id: unknown, views: boolean): StorageRecord | PickleForeign {
  const items = id instanceof PickleTuple ? id.items : []
  const [kind, type, key, location, length, view] = items
  if (kind === 'module' && views && type instanceof PickleForeign) return type
  const valid =
    kind === 'storage' &&
    items.length === (views ? 6 : 5) &&
    type instanceof TorchType &&
    typeof key === 'string' &&
    typeof location === 'string' &&
    DEVICE.test(location) &&
    isCount(length)
  if (!valid) throw new PickleFault('it refers to something that is not a storage')
  if (view === undefined || view === null) return new StorageRecord(key, type.dtype, length)
  const [viewKey, start, size] = view instanceof PickleTuple ? view.items : []
  if (typeof viewKey !== 'string' || !isCount(start) || !isCount(size) || start + size > length)
    throw new PickleFault('a view leaves its storage')
  return new StorageRecord(key, type.dtype, length, { start, length: size, key: viewKey })
}

export function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0
}
