import { isUtf8 } from 'node:buffer'
import type { CheckpointError } from '../../base/errors.ts'
import { truncated, unreadable } from '../checkpoint-error.ts'
import type { DataFile } from '../data-file.ts'
import { PickleEnd } from '../pickle/pickle-values.ts'
import { StoredBytes } from '../tensors/stored-bytes.ts'
import type { SetChoice } from '../weight-sets.ts'
import { readZipDirectory, zipDataOffset, type ZipEntry } from '../zip/zip-directory.ts'
import type { StorageRecord } from './torch-records.ts'
import { type FileState, stateOf, unpickleTorch } from './torch-state.ts'

/** A thousand tensors take some 150 kB. */
const MAX_PICKLE = 64 << 20
/** Of the small entries that say how the others are to be read. */
const MAX_RECORD = 1 << 10
/** Of the `version` entry. torch 1.6 wrote 3. */
const MAX_VERSION = 10n

/**
 * torch.save since 1.6: a zip of stored entries under one folder, with `data.pkl` and a `data/<key>` for each storage
 * (torch/serialization.py, caffe2/serialize/inline_container.cc).
 */
export async function readTorchZip(
  file: DataFile,
  checkCrc: boolean,
  choice?: SetChoice,
): Promise<FileState> {
  const entries = await readZipDirectory(file)
  const folder = folderOf(file.path, [...entries.keys()])
  if (
    entries.has(`${folder}constants.pkl`) ||
    [...entries.keys()].some((name) => name.startsWith(`${folder}code/`))
  ) {
    throw unreadable(
      file.path,
      'it is a TorchScript program (torch.jit.save). In Python, save torch.jit.load(file).state_dict() with torch.save.',
      { kind: 'torchscript' },
    )
  }
  // Saved with torch.serialization.set_crc32_options(False), all are 0.
  const hasCrc = checkCrc && [...entries.values()].some((entry) => entry.crc32 !== 0)
  const open = async (entry: ZipEntry): Promise<StoredBytes> => {
    const offset = await zipDataOffset(file, entry)
    return new StoredBytes(file, entry.name, offset, entry.size, hasCrc ? entry.crc32 : undefined)
  }
  const read = async (name: string, limit: number): Promise<Uint8Array | undefined> => {
    const entry = entries.get(folder + name)
    if (!entry) return undefined
    if (entry.size > limit)
      throw unreadable(file.path, `${entry.name} has ${entry.size} bytes, far more than a checkpoint's.`)
    const bytes = new Uint8Array(entry.size)
    await (await open(entry)).read(bytes, 0)
    return bytes
  }

  await checkRecords(file.path, async (name) => {
    const record = await read(name, MAX_RECORD)
    return record && Buffer.from(record)
  })
  const pickle = (await read('data.pkl', MAX_PICKLE))!
  const records: StorageRecord[] = []
  const { value } = unpickleWhole(file.path, pickle, records)

  const storages = new Map<string, StoredBytes>()
  for (const record of records) {
    const entry = entries.get(`${folder}data/${record.key}`)
    if (!entry)
      throw truncated(file.path, `data/${record.key}, which a tensor needs, is not in its archive`, {
        key: record.key,
      })
    if (entry.size !== record.byteLength) {
      throw unreadable(
        file.path,
        `${entry.name} has ${entry.size} bytes where ${record.byteLength} are needed. Download or copy it again.`,
        {
          entry: entry.name,
          size: entry.size,
          expected: record.byteLength,
        },
      )
    }
    if (!storages.has(record.key)) storages.set(record.key, await open(entry))
  }
  return stateOf(file.path, value, (record) => storages.get(record.key)!, choice)
}

/** All entries lie in one folder, which the first one names. */
function folderOf(path: string, names: readonly string[]): string {
  const folder = /^[^/]*\//.exec(names[0] ?? '')?.[0]
  const pickles = names.filter((name) => /^[^/]*\/data\.pkl$/.test(name))
  if (folder === undefined || pickles.length !== 1) {
    throw unreadable(
      path,
      'it is a zip archive, but not of torch.save (no data.pkl in it, or several). If it holds a checkpoint, unpack it.',
    )
  }
  const stranger = names.find((name) => !name.startsWith(folder))
  if (stranger !== undefined) {
    throw unreadable(
      path,
      `its entry ${stranger} lies outside its folder ${folder}. Download or copy it again.`,
      {
        entry: stranger,
      },
    )
  }
  return folder
}

/** The entries that say how to read the others, held to what torch takes (`PyTorchStreamReader`, `_load`). */
async function checkRecords(
  path: string,
  read: (name: string) => Promise<Buffer | undefined>,
): Promise<void> {
  const damaged = (name: string, says: string): CheckpointError =>
    unreadable(path, `its ${name} entry ${says}. Download or copy it again.`, { entry: name })
  const version = (await read('.data/version')) ?? (await read('version'))
  if (!version) throw damaged('version', 'is missing')
  const number = /^\s*\+?(\d{1,20})/.exec(version.toString('latin1'))?.[1]
  if (number === undefined || BigInt(number) === 0n) throw damaged('version', 'holds no version')
  if (BigInt(number) > MAX_VERSION) {
    throw unreadable(
      path,
      `it is of version ${number}, which is newer than any known. Save it with an older torch.`,
      {
        version: number,
      },
    )
  }
  const order = (await read('byteorder'))?.toString('latin1') ?? 'little'
  if (order === 'big') {
    throw unreadable(
      path,
      'its numbers are big-endian. Save it again on a little-endian machine (x86 or ARM).',
      {
        byteorder: 'big',
      },
    )
  }
  if (order !== 'little') throw damaged('byteorder', 'is neither little nor big')
  const alignment = (await read('.storage_alignment'))?.toString('latin1') ?? '64'
  if (!/^\s*[+-]?\d+\s*$/.test(alignment)) throw damaged('.storage_alignment', 'holds no number')
  await read('.format_version')
  const id = await read('.data/serialization_id')
  if (id && !isUtf8(id)) throw damaged('.data/serialization_id', 'is not UTF-8')
}

function unpickleWhole(path: string, bytes: Uint8Array, records: StorageRecord[]): { value: unknown } {
  try {
    return unpickleTorch(path, bytes, 0, records, false)
  } catch (cause) {
    if (cause instanceof PickleEnd) throw truncated(path, 'its data.pkl ends within the pickle', { cause })
    throw cause
  }
}
