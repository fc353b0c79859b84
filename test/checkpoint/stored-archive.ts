import { crc32 } from 'node:zlib'

/**
 * A zip of stored entries in torch's folder, with its `version` if none is given, and with zip64 fields if asked for.
 * Sizes in local headers are 0, as torch's.
 */
export function storedZip(entries: Readonly<Record<string, Uint8Array>>, options: ZipOptions = {}): Buffer {
  const parts: Buffer[] = []
  const central: Buffer[] = []
  const version = 'version' in entries ? {} : { version: Buffer.from('3\n') }
  let at = 0
  for (const [path, data] of Object.entries({ ...entries, ...version })) {
    const name = Buffer.from(`archive/${path}`)
    const local = Buffer.alloc(30)
    local.writeUInt32LE(0x04034b50, 0)
    local.writeUInt16LE(name.length, 26)
    central.push(
      centralRecord(name, data.length, options.crc?.[path] ?? crc32(data), at, options.zip64 ?? false),
    )
    parts.push(local, name, Buffer.from(data))
    at += local.length + name.length + data.length
  }
  return Buffer.concat([...parts, directory(central, at, options.zip64 ?? false)])
}

export interface ZipOptions {
  readonly zip64?: boolean
  readonly crc?: Readonly<Record<string, number>>
}

export function centralRecord(
  name: Buffer,
  size: number,
  crc: number,
  offset: number,
  zip64: boolean,
): Buffer {
  const extra = Buffer.alloc(zip64 ? 28 : 0)
  const record = Buffer.alloc(46)
  record.writeUInt32LE(0x02014b50, 0)
  record.writeUInt32LE(crc, 16)
  record.writeUInt32LE(zip64 ? 0xffffffff : size, 20)
  record.writeUInt32LE(zip64 ? 0xffffffff : size, 24)
  record.writeUInt16LE(name.length, 28)
  record.writeUInt16LE(extra.length, 30)
  record.writeUInt32LE(zip64 ? 0xffffffff : offset, 42)
  if (zip64) {
    extra.writeUInt16LE(1, 0)
    extra.writeUInt16LE(24, 2)
    for (const [i, value] of [size, size, offset].entries()) extra.writeBigUInt64LE(BigInt(value), 4 + 8 * i)
  }
  return Buffer.concat([record, name, extra])
}

/** The central directory that lies at `offset`, with its end records. */
export function directory(records: readonly Buffer[], offset: number, zip64: boolean): Buffer {
  const central = Buffer.concat(records)
  const end = Buffer.alloc(22)
  end.writeUInt32LE(0x06054b50, 0)
  end.writeUInt16LE(zip64 ? 0xffff : records.length, 8)
  end.writeUInt16LE(zip64 ? 0xffff : records.length, 10)
  end.writeUInt32LE(zip64 ? 0xffffffff : central.length, 12)
  end.writeUInt32LE(zip64 ? 0xffffffff : offset, 16)
  if (!zip64) return Buffer.concat([central, end])
  const end64 = Buffer.alloc(56)
  end64.writeUInt32LE(0x06064b50, 0)
  end64.writeBigUInt64LE(44n, 4)
  for (const [at, value] of [
    [24, records.length],
    [32, records.length],
    [40, central.length],
    [48, offset],
  ] as const) {
    end64.writeBigUInt64LE(BigInt(value), at)
  }
  const locator = Buffer.alloc(20)
  locator.writeUInt32LE(0x07064b50, 0)
  locator.writeBigUInt64LE(BigInt(offset + central.length), 8)
  locator.writeUInt32LE(1, 16)
  return Buffer.concat([central, end64, locator, end])
}

type Plain = 'proto' | 'stop' | 'mark' | 'tuple' | 'emptyTuple' | 'emptyDict' | 'emptyList'
type Action = 'setItem' | 'append' | 'reduce' | 'build' | 'persistentId' | 'false'
interface Opcodes extends Readonly<Record<Plain | Action, Buffer>> {
  global(path: string): Buffer
  text(value: string): Buffer
  long(value: number): Buffer
  put(index: number): Buffer
  get(index: number): Buffer
  raw(...values: number[]): Buffer
}

/** Pickle opcodes by name, for pickles that Python would not write. */
export const op: Opcodes = {
  proto: bytes(0x80, 2),
  stop: bytes(0x2e),
  mark: bytes(0x28),
  tuple: bytes(0x74),
  emptyTuple: bytes(0x29),
  emptyDict: bytes(0x7d),
  emptyList: bytes(0x5d),
  setItem: bytes(0x73),
  append: bytes(0x61),
  reduce: bytes(0x52),
  build: bytes(0x62),
  persistentId: bytes(0x51),
  false: bytes(0x89),
  global: (path: string): Buffer => {
    const dot = path.lastIndexOf('.')
    return Buffer.from(`c${path.slice(0, dot)}\n${path.slice(dot + 1)}\n`)
  },
  text: (value: string): Buffer => {
    const raw = Buffer.from(value)
    return Buffer.concat([bytes(0x58), u32(raw.length), raw])
  },
  long: (value: number): Buffer => {
    const raw = Buffer.alloc(8)
    raw.writeBigInt64LE(BigInt(value))
    return Buffer.concat([bytes(0x8a, 8), raw])
  },
  put: (index: number): Buffer => Buffer.concat([bytes(0x72), u32(index)]),
  get: (index: number): Buffer => Buffer.concat([bytes(0x6a), u32(index)]),
  raw: bytes,
}

/** The pickle of a float32 tensor in storage `key`. */
export function floatTensor(
  key: string,
  length: number,
  offset: number,
  shape: readonly number[],
  strides: readonly number[],
): Buffer {
  const counts = (values: readonly number[]): Buffer =>
    Buffer.concat([op.mark, ...values.map(op.long), op.tuple])
  const storage = [
    op.mark,
    op.text('storage'),
    op.global('torch.FloatStorage'),
    op.text(key),
    op.text('cpu'),
    op.long(length),
    op.tuple,
  ]
  const args = [
    op.mark,
    ...storage,
    op.persistentId,
    op.long(offset),
    counts(shape),
    counts(strides),
    op.false,
    op.emptyDict,
    op.tuple,
  ]
  return Buffer.concat([op.global('torch._utils._rebuild_tensor_v2'), ...args, op.reduce])
}

/** The pickle of a dict. */
export function dictOf(items: Readonly<Record<string, Buffer>>): Buffer {
  const pairs = Object.entries(items).flatMap(([key, value]) => [op.text(key), value, op.setItem])
  return Buffer.concat([op.proto, op.emptyDict, ...pairs, op.stop])
}

function bytes(...values: number[]): Buffer {
  return Buffer.from(values)
}

function u32(value: number): Buffer {
  const raw = Buffer.alloc(4)
  raw.writeUInt32LE(value)
  return raw
}
