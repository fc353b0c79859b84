import { PickleDict, PickleFault, PickleGlobal, PickleTuple } from './pickle-machine.ts'
import { ELEMENT_SIZE } from './tensor-dtype.ts'

/**
 * The Python objects that a torch checkpoint may name: the allow-list of torch's weights-only unpickler
 * (torch/_weights_only_unpickler.py, PyTorch 2.13), less what only sparse, quantised, nested and device tensors need.
 */

/** A storage: one run of elements in the file, which tensors view. */
export class StorageRecord {
  readonly key: string
  readonly dtype: string
  /** Elements of this storage's own dtype, in the file. */
  readonly length: number
  /** Of those, the ones that tensors may see: all, but for views in legacy files. */
  readonly view: { readonly start: number; readonly length: number }
  constructor(
    key: string,
    dtype: string,
    length: number,
    view: { start: number; length: number } = { start: 0, length },
  ) {
    this.key = key
    this.dtype = dtype
    this.length = length
    this.view = view
  }

  get byteLength(): number {
    return this.length * STORED_SIZE[this.dtype]!
  }
}

/** A tensor as the pickle describes it, not yet held against the file. */
export class TensorRecord {
  readonly storage: StorageRecord
  readonly dtype: string
  readonly offset: number
  readonly shape: readonly number[]
  readonly strides: readonly number[]
  constructor(
    storage: StorageRecord,
    dtype: string,
    offset: number,
    shape: readonly number[],
    strides: readonly number[],
  ) {
    this.storage = storage
    this.dtype = dtype
    this.offset = offset
    this.shape = shape
    this.strides = strides
  }
}

/** A storage class or dtype: only ever an argument. */
export class TorchType extends PickleGlobal {
  readonly dtype: string
  constructor(path: string, dtype: string) {
    super(path)
    this.dtype = dtype
  }
}

/** Bytes an element, also of types that are not read: a legacy file's storages are found by the lengths of those before. */
export const STORED_SIZE: Readonly<Record<string, number>> = {
  ...ELEMENT_SIZE,
  complex128: 16,
  complex64: 8,
  complex32: 4,
  qint8: 1,
  quint8: 1,
  qint32: 4,
  quint4x2: 1,
  quint2x4: 1,
  uint16: 2,
  uint32: 4,
  uint64: 8,
  float8_e4m3fn: 1,
  float8_e5m2: 1,
  float8_e4m3fnuz: 1,
  float8_e5m2fnuz: 1,
  float8_e8m0fnu: 1,
  float4_e2m1fn_x2: 1,
}

const STORAGE_CLASSES: Readonly<Record<string, string>> = {
  Double: 'float64',
  Float: 'float32',
  Half: 'float16',
  BFloat16: 'bfloat16',
  Long: 'int64',
  Int: 'int32',
  Short: 'int16',
  Char: 'int8',
  Byte: 'uint8',
  Bool: 'bool',
  ComplexDouble: 'complex128',
  ComplexFloat: 'complex64',
  QInt8: 'qint8',
  QUInt8: 'quint8',
  QInt32: 'qint32',
  QUInt4x2: 'quint4x2',
  QUInt2x4: 'quint2x4',
}

/** torch's own limit is 64. */
const MAX_DIMENSIONS = 64

const globals = new Map<string, PickleGlobal>()
const allow = (entry: PickleGlobal): void => void globals.set(entry.path, entry)

for (const [name, dtype] of Object.entries(STORAGE_CLASSES)) {
  for (const module of ['torch', 'torch.cuda']) allow(new TorchType(`${module}.${name}Storage`, dtype))
}
allow(new TorchType('torch.storage.UntypedStorage', 'uint8'))
allow(new TorchType('torch.storage._UntypedStorage', 'uint8'))
for (const dtype of Object.keys(STORED_SIZE)) allow(new TorchType(`torch.${dtype}`, dtype))
for (const name of ['torch.Tensor', 'torch.per_tensor_affine', 'torch.per_channel_affine'])
  allow(new PickleGlobal(name))

allow(new PickleGlobal('torch.nn.parameter.Parameter', ([data]) => tensor(data)))
allow(new PickleGlobal('torch._utils._rebuild_parameter', ([data]) => tensor(data)))
allow(new PickleGlobal('torch._utils._rebuild_parameter_with_state', ([data]) => tensor(data)))
for (const name of ['_rebuild_tensor', '_rebuild_tensor_v2']) {
  allow(
    new PickleGlobal(`torch._utils.${name}`, ([source, offset, shape, strides, , , metadata]) => {
      refuseViews(metadata)
      return rebuild(source, offset, shape, strides)
    }),
  )
}
allow(
  new PickleGlobal(
    'torch._utils._rebuild_tensor_v3',
    ([source, offset, shape, strides, , , dtype, metadata]) => {
      refuseViews(metadata)
      if (!(dtype instanceof TorchType)) throw new PickleFault('a tensor without a dtype')
      return rebuild(source, offset, shape, strides, dtype.dtype)
    },
  ),
)
// A tensor with Python attributes: the attributes are let go.
allow(
  new PickleGlobal('torch._tensor._rebuild_from_type_v2', ([rebuilder, , args]) => {
    const known =
      rebuilder instanceof PickleGlobal && /^torch\._utils\._rebuild_(tensor|parameter)/.test(rebuilder.path)
    if (!known || !(args instanceof PickleTuple)) throw new PickleFault('a tensor of a subclass')
    return rebuilder.call!(args.items)
  }),
)

allow(new PickleGlobal('collections.OrderedDict', ([pairs]) => dict(true, pairs)))
allow(new PickleGlobal('collections.Counter', ([counts]) => counts ?? new PickleDict(false)))
allow(new PickleGlobal('torch.Size', ([sizes]) => sizes ?? new PickleTuple([])))
// Values that say nothing about weights: let go, so that the entries beside them can be read.
const OPAQUE = new PickleGlobal('value')
const opaque = [
  'torch.device',
  'torch.serialization._get_layout',
  '_codecs.encode',
  'builtins.bytearray',
  'builtins.complex',
  'builtins.set',
]
for (const name of opaque) allow(new PickleGlobal(name, () => OPAQUE))

export function torchGlobal(path: string): PickleGlobal | undefined {
  return globals.get(path)
}

/** Reads a persistent id: `('storage', class, key, location, length[, view])`. */
export function storageRecord(id: unknown): StorageRecord {
  const items = id instanceof PickleTuple ? id.items : []
  const [kind, type, key, , length, view] = items
  const valid = kind === 'storage' && type instanceof TorchType && typeof key === 'string' && isCount(length)
  if (!valid) throw new PickleFault('it refers to something that is not a storage')
  if (!(view instanceof PickleTuple)) return new StorageRecord(key, type.dtype, length)
  const [, start, size] = view.items
  if (!isCount(start) || !isCount(size) || start + size > length)
    throw new PickleFault('a view leaves its storage')
  return new StorageRecord(key, type.dtype, length, { start, length: size })
}

/** `torch.Tensor` may be kept as a view whose sign or conjugate is taken when it is read (`torch._utils.set_tensor_metadata`). */
function refuseViews(metadata: unknown): void {
  if (!(metadata instanceof PickleDict)) return
  for (const [bit, set] of metadata.entries) {
    if (set !== false)
      throw new PickleFault(
        `a tensor is stored with its ${String(bit)} bit set: call resolve_${String(bit)}() on it before saving`,
      )
  }
}

function tensor(value: unknown): TensorRecord {
  if (!(value instanceof TensorRecord)) throw new PickleFault('a parameter without a tensor')
  return value
}

function rebuild(
  source: unknown,
  offset: unknown,
  shape: unknown,
  strides: unknown,
  dtype?: string,
): TensorRecord {
  const sizes = shape instanceof PickleTuple ? shape.items.slice(0, MAX_DIMENSIONS + 1) : []
  const steps = strides instanceof PickleTuple ? strides.items.slice(0, MAX_DIMENSIONS + 1) : []
  const counts = [offset, ...sizes, ...steps]
  if (
    !(source instanceof StorageRecord) ||
    !counts.every(isCount) ||
    sizes.length !== steps.length ||
    sizes.length > MAX_DIMENSIONS
  ) {
    throw new PickleFault('a tensor whose shape, strides or storage make no sense')
  }
  return new TensorRecord(
    source,
    dtype ?? source.dtype,
    offset as number,
    sizes as number[],
    steps as number[],
  )
}

function dict(ordered: boolean, pairs: unknown): PickleDict {
  const result = new PickleDict(ordered)
  if (!Array.isArray(pairs)) return result
  for (const pair of pairs as unknown[]) {
    const [key, value] =
      pair instanceof PickleTuple ? pair.items : Array.isArray(pair) ? (pair as unknown[]) : []
    result.entries.set(key, value)
  }
  return result
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0
}
