import { truncated, unreadable } from './checkpoint-error.ts'
import type { DataFile } from './data-file.ts'
import { PickleEnd } from './pickle-machine.ts'
import { StoredBytes } from './stored-bytes.ts'
import type { StorageRecord } from './torch-globals.ts'
import { type FileState, stateOf, unpickleTorch } from './torch-state.ts'
import type { SetChoice } from './weight-sets.ts'
import { readZipDirectory, zipDataOffset, type ZipEntry } from './zip-directory.ts'

/** A thousand tensors take some 150 kB. */
const MAX_PICKLE = 64 << 20

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
  const pickles = [...entries.keys()].filter((name) => /^[^/]*\/data\.pkl$/.test(name))
  const folder = pickles[0]?.slice(0, -'data.pkl'.length)
  if (folder === undefined || pickles.length > 1) {
    throw unreadable(
      file.path,
      'it is a zip archive, but not of torch.save (no data.pkl in it, or several). If it holds a checkpoint, unpack it.',
    )
  }
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

  const order = await read('byteorder', 64)
  if (order && Buffer.from(order).toString('latin1').trim() !== 'little') {
    throw unreadable(
      file.path,
      'its numbers are big-endian. Save it again on a little-endian machine (x86 or ARM).',
      {
        byteorder: 'big',
      },
    )
  }
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

function unpickleWhole(path: string, bytes: Uint8Array, records: StorageRecord[]): { value: unknown } {
  try {
    return unpickleTorch(path, bytes, 0, records)
  } catch (cause) {
    if (cause instanceof PickleEnd) throw truncated(path, 'its data.pkl ends within the pickle', { cause })
    throw cause
  }
}
