import { truncated, unreadable } from '../checkpoint-error.ts'
import type { DataFile } from '../data-file.ts'
import { StoredBytes } from '../tensors/stored-bytes.ts'
import type { TensorLayout } from '../tensors/stored-tensor.ts'
import { elementCount, rowMajorStrides } from '../tensors/strided-box.ts'
import { ELEMENT_SIZE, type TensorDtype } from '../tensors/tensor-dtype.ts'
import type { FileState } from '../torch/torch-state.ts'
import { type HeaderEntry, HeaderFault, readHeader } from './safetensors-header.ts'

/** The reference allows 100 MB. A hundred thousand tensors take 15; the rest is for what training tools note of themselves. */
const MAX_HEADER = 32 << 20

const DTYPES: Readonly<Record<string, TensorDtype>> = {
  F64: 'float64',
  F32: 'float32',
  F16: 'float16',
  BF16: 'bfloat16',
  I64: 'int64',
  I32: 'int32',
  I16: 'int16',
  I8: 'int8',
  U8: 'uint8',
  BOOL: 'bool',
}

interface Entry extends HeaderEntry {
  readonly dtype: TensorDtype
}

/**
 * Safetensors: the length of a JSON header, the header, then the tensors without gaps
 * (https://github.com/huggingface/safetensors, "Format"). It has no checksums.
 */
export async function readSafetensors(file: DataFile): Promise<FileState> {
  const start = await file.bytes(0, 8)
  const length = start.length === 8 ? Number(start.readBigUInt64LE(0)) : 0
  if (length > MAX_HEADER)
    throw unreadable(file.path, `its header claims ${length} bytes, more than any checkpoint has.`)
  if (8 + length > file.size)
    throw truncated(file.path, `its header ends at byte ${8 + length}, the file at ${file.size}`)
  const entries = headerOf(file.path, await file.bytes(8, length)).map((entry) => checked(file.path, entry))
  let end = 0
  for (const entry of [...entries].sort((a, b) => a.begin - b.begin || a.end - b.end)) {
    if (entry.begin !== end)
      throw unreadable(
        file.path,
        `${entry.name} does not follow the tensor before it. The file is damaged.`,
        {
          tensor: entry.name,
        },
      )
    end = entry.end
  }
  const data = 8 + length
  if (data + end > file.size)
    throw truncated(file.path, `its tensors end at byte ${data + end}, the file at ${file.size}`)
  if (data + end < file.size)
    throw unreadable(
      file.path,
      `it has ${file.size - data - end} bytes after its last tensor. Download or copy it again.`,
    )

  const layout = ({ name, dtype, shape, begin, end }: Entry): TensorLayout => {
    return {
      dtype,
      shape,
      strides: rowMajorStrides(shape),
      offset: 0,
      bytes: new StoredBytes(file, name, data + begin, end - begin),
    }
  }
  return {
    tensors: new Map(entries.map((entry) => [entry.name, layout(entry)])),
    wrapper: '',
    skipped: [],
    scalars: new Map(),
  }
}

function headerOf(path: string, bytes: Uint8Array): HeaderEntry[] {
  try {
    return readHeader(bytes)
  } catch (cause) {
    if (!(cause instanceof HeaderFault)) throw cause
    throw unreadable(path, `its safetensors header ${cause.message}. Download or copy it again.`, { cause })
  }
}

function checked(path: string, entry: HeaderEntry): Entry {
  const { name, dtype: type, shape, begin, end } = entry
  const dtype = Object.hasOwn(DTYPES, type) ? DTYPES[type] : undefined
  if (!dtype) {
    throw unreadable(path, `${name} has dtype ${type}. Save it as F32, F16, BF16 or F64.`, {
      tensor: name,
      dtype: type,
    })
  }
  if (end < begin || elementCount(shape) * ELEMENT_SIZE[dtype] !== end - begin) {
    throw unreadable(path, `${name} has a shape and place that contradict each other. The file is damaged.`, {
      tensor: name,
      shape,
      offsets: [begin, end],
    })
  }
  return { ...entry, dtype }
}
