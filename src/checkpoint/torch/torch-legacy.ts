import { truncated, unreadable } from '../checkpoint-error.ts'
import type { DataFile } from '../data-file.ts'
import { PickleDict, PickleEnd } from '../pickle/pickle-values.ts'
import { StoredBytes } from '../tensors/stored-bytes.ts'
import type { SetChoice } from '../weight-sets.ts'
import type { StorageRecord } from './torch-records.ts'
import { type FileState, stateOf, unpickleTorch } from './torch-state.ts'

const MAGIC = 0x1950a86a20f9469cfc6cn
const PROTOCOL = 1001
/** How the first pickle of a legacy file begins: its protocol, a frame from protocol 4 on, the magic number. */
const START = /^\x80(?:[\x02\x03]|[\x04\x05]\x95[^]{8})\x8a\x0a\x6c\xfc\x9c\x46\xf9/
/** The same of a file that is cut within it. */
const SHORT = Uint8Array.of(0x80, 0x02, 0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46, 0xf9)
const FIRST_WINDOW = 1 << 20
const MAX_PICKLES = 64 << 20

/**
 * torch.save before 1.6, or with `_use_new_zipfile_serialization=False`: five pickles (magic number, protocol version,
 * system, the object, the storages' keys), then for each key the number of elements and the elements
 * (`_legacy_save` in torch/serialization.py). It has no checksums.
 */
export async function readTorchLegacy(file: DataFile, choice?: SetChoice): Promise<FileState> {
  const { values, end, records } = await readPickles(file)
  const [magic, protocol, system, root, keys] = values
  if (magic !== MAGIC || protocol !== PROTOCOL) {
    throw unreadable(
      file.path,
      `it is a torch file of an unknown kind (protocol ${String(protocol)}). Save it again with a recent torch.`,
    )
  }
  if (system instanceof PickleDict && system.entries.get('little_endian') === false) {
    throw unreadable(
      file.path,
      'its numbers are big-endian. Save it again on a little-endian machine (x86 or ARM).',
      {
        byteorder: 'big',
      },
    )
  }
  const known = new Map(records.map((record) => [record.key, record]))
  const storages = new Map<string, StoredBytes>()
  let at = end
  for (const key of Array.isArray(keys) ? (keys as unknown[]) : []) {
    const record = known.get(String(key))
    if (!record || storages.has(record.key))
      throw unreadable(file.path, `its list of storages is broken at ${String(key)}.`)
    const header = await file.bytes(at, 8)
    const length = header.length === 8 ? Number(header.readBigInt64LE(0)) : undefined
    if (length === undefined || at + 8 + record.byteLength > file.size) {
      throw truncated(
        file.path,
        `storage ${record.key} ends at byte ${at + 8 + record.byteLength}, the file at ${file.size}`,
      )
    }
    if (length !== record.length) {
      throw unreadable(
        file.path,
        `storage ${record.key} has ${length} elements where ${record.length} are needed. Download or copy it again.`,
      )
    }
    storages.set(record.key, new StoredBytes(file, `storage ${record.key}`, at + 8, record.byteLength))
    at += 8 + record.byteLength
  }
  return stateOf(
    file.path,
    root,
    (record) => {
      const bytes = storages.get(record.key)
      if (!bytes)
        throw truncated(file.path, `storage ${record.key}, which a tensor needs, is not in the file`)
      return bytes
    },
    choice,
  )
}

export function isTorchLegacy(head: Buffer): boolean {
  const start = Math.min(head.length, SHORT.length)
  return (
    START.test(head.toString('latin1', 0, 20)) ||
    (head.length < SHORT.length && start > 2 && head.equals(SHORT.subarray(0, start)))
  )
}

/** The pickles say nowhere how long they are: read a little, and more if that was not enough. */
async function readPickles(
  file: DataFile,
): Promise<{ values: unknown[]; end: number; records: StorageRecord[] }> {
  for (let window = FIRST_WINDOW; ; window *= 4) {
    const bytes = await file.bytes(0, window)
    const values: unknown[] = []
    const records: StorageRecord[] = []
    let end = 0
    try {
      while (values.length < 5) {
        const pickle = unpickleTorch(file.path, bytes, end, records, true)
        values.push(pickle.value)
        end = pickle.end
      }
      return { values, end, records }
    } catch (cause) {
      if (!(cause instanceof PickleEnd)) throw cause
      if (bytes.length === file.size) throw truncated(file.path, 'it ends within its pickles', { cause })
      if (window >= MAX_PICKLES)
        throw unreadable(
          file.path,
          `its pickles have more than ${MAX_PICKLES} bytes, far more than a checkpoint's.`,
        )
    }
  }
}
