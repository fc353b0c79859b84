import {
  PASSED_OVER,
  PickleDict,
  PickleFault,
  PickleForeign,
  PickleGlobal,
  PickleRefused,
  PickleTuple,
} from '../pickle/pickle-values.ts'
import { isRefusedGlobal } from './refused-globals.ts'
import { SPECIAL_REBUILDERS, SpecialTensor } from './special-tensor.ts'
import { isCount } from './storage-record.ts'
import { StorageRecord, STORED_SIZE, TensorRecord, TorchType } from './torch-records.ts'

/**
 * The Python objects that tensors are made of: the allow-list of torch's weights-only unpickler
 * (torch/_weights_only_unpickler.py, PyTorch 2.13). What else a checkpoint names is passed over unread.
 */

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
const PLAIN_TENSORS = ['torch.Tensor', 'torch.nn.parameter.Parameter', 'torch.nn.parameter.Buffer']
for (const name of ['torch.Tensor', 'torch.per_tensor_affine', 'torch.per_channel_affine'])
  allow(new PickleGlobal(name))

allow(new PickleGlobal('torch.nn.parameter.Parameter', ([data, grad]) => parameter(data, grad ?? true)))
for (const [name, most] of [
  ['_rebuild_parameter', 3],
  ['_rebuild_parameter_with_state', 4],
] as const) {
  allow(
    new PickleGlobal(`torch._utils.${name}`, (args) => {
      countArguments(args, most, most)
      return parameter(args[0], args[1])
    }),
  )
}
allow(
  new PickleGlobal('torch._utils._rebuild_tensor', (args) => {
    countArguments(args, 4, 4)
    return rebuild(args)
  }),
)
allow(
  new PickleGlobal('torch._utils._rebuild_tensor_v2', (args) => {
    countArguments(args, 6, 7)
    const record = withGradient(rebuild(args), args[4], args[5])
    return viewOf(args[6]) ?? record
  }),
)
allow(
  new PickleGlobal('torch._utils._rebuild_tensor_v3', (args) => {
    countArguments(args, 7, 8)
    const type = args[6]
    if (!(type instanceof TorchType)) throw new PickleFault('a tensor without a dtype')
    const record = withGradient(rebuild(args, type.dtype), args[4], args[5])
    return viewOf(args[7]) ?? record
  }),
)
for (const name of SPECIAL_REBUILDERS)
  allow(
    new PickleGlobal(
      `torch._utils.${name}`,
      (args) => cpuTensor(name, args) ?? SpecialTensor.madeBy(name, args),
    ),
  )
// A tensor with Python attributes, or of a subclass: the attributes are let go.
allow(
  new PickleGlobal('torch._tensor._rebuild_from_type_v2', ([rebuilder, type, args]) => {
    if (!(args instanceof PickleTuple)) throw new PickleFault('a tensor of a subclass')
    const path = type instanceof PickleForeign || type instanceof PickleGlobal ? type.path : 'unknown'
    const known =
      rebuilder instanceof PickleGlobal && /^torch\._utils\._rebuild_/.test(rebuilder.path) && rebuilder.call
    const made = known ? known(args.items) : undefined
    return made instanceof TensorRecord && !PLAIN_TENSORS.includes(path)
      ? SpecialTensor.ofClass(path)
      : (made ?? SpecialTensor.ofClass(path))
  }),
)

allow(
  new PickleGlobal('collections.OrderedDict', (args) => {
    if (args.length > 1) throw new PickleFault('an OrderedDict of several arguments')
    return dict(true, args[0])
  }),
)
allow(new PickleGlobal('collections.Counter', ([counts]) => counts ?? new PickleDict(false)))
allow(new PickleGlobal('torch.Size', ([sizes]) => sizes ?? new PickleTuple([])))
// Values that say nothing about weights: let go, so that the entries beside them can be read.
const opaque = [
  'torch.device',
  'torch.serialization._get_layout',
  '_codecs.encode',
  'builtins.bytearray',
  'builtins.complex',
  'builtins.set',
]
for (const name of opaque) allow(new PickleGlobal(name, () => PASSED_OVER))

/** Throws `PickleRefused` where the name is one that is never data. */
export function torchGlobal(path: string): PickleGlobal | PickleForeign {
  const known = globals.get(path)
  if (known) return known
  if (isRefusedGlobal(path)) throw new PickleRefused(`the Python object ${path}`)
  return new PickleForeign(path)
}

/** `torch.Tensor` may be kept as a view whose sign or conjugate is taken when it is read (`torch._utils.set_tensor_metadata`). */
function viewOf(metadata: unknown): SpecialTensor | undefined {
  if (metadata === undefined || metadata === null) return undefined
  if (!(metadata instanceof PickleDict)) throw new PickleFault('a tensor whose metadata is not a dict')
  for (const [bit, set] of metadata.entries) {
    if (bit !== 'neg' && bit !== 'conj') throw new PickleFault('a tensor whose metadata is not known')
    if (set !== false) return SpecialTensor.ofBit(bit)
  }
  return undefined
}

function countArguments(args: readonly unknown[], least: number, most: number): void {
  if (args.length < least || args.length > most)
    throw new PickleFault(`a tensor is made of ${args.length} arguments`)
}

/** torch lets only these have a gradient, and refuses to load what says otherwise. */
const GRADIENTS = /^(?:b?float|complex)/

function withGradient(record: TensorRecord, gradient: unknown, hooks: unknown): TensorRecord {
  if (typeof gradient !== 'boolean' || (gradient && !GRADIENTS.test(record.dtype)))
    throw new PickleFault(`a tensor of ${record.dtype} with a gradient`)
  if (hooks !== null && !(hooks instanceof PickleDict))
    throw new PickleFault('a tensor whose hooks are not a dict')
  return record
}

function parameter(data: unknown, gradient: unknown): TensorRecord | SpecialTensor {
  if (data instanceof SpecialTensor) return data
  return withGradient(tensor(data), gradient, null)
}

/** `_rebuild_device_tensor_from_cpu_tensor(data, dtype, device, requires_grad)`: its numbers, where they stay as they are. */
function cpuTensor(name: string, [data, type]: readonly unknown[]): TensorRecord | undefined {
  if (name !== '_rebuild_device_tensor_from_cpu_tensor' || !(data instanceof TensorRecord)) return undefined
  return type instanceof TorchType && type.dtype === data.dtype ? data : undefined
}

function tensor(value: unknown): TensorRecord {
  if (!(value instanceof TensorRecord)) throw new PickleFault('a parameter without a tensor')
  return value
}

function rebuild([source, offset, shape, strides]: readonly unknown[], dtype?: string): TensorRecord {
  const sizes = sequence(shape)
  const steps = sequence(strides)
  if (
    !(source instanceof StorageRecord) ||
    !sizes ||
    !steps ||
    ![offset, ...sizes, ...steps].every(isCount) ||
    sizes.length !== steps.length ||
    sizes.length > MAX_DIMENSIONS
  ) {
    throw new PickleFault('a tensor whose shape, strides or storage make no sense')
  }
  const record = new TensorRecord(
    source,
    dtype ?? source.dtype,
    offset as number,
    sizes as number[],
    steps as number[],
  )
  // torch refuses the file, whatever the tensor is for.
  if (record.end > source.view.length * STORED_SIZE[source.dtype]!)
    throw new PickleFault('a tensor lies outside its storage')
  return record
}

function sequence(value: unknown): readonly unknown[] | undefined {
  if (value instanceof PickleTuple) return value.items.slice(0, MAX_DIMENSIONS + 1)
  return Array.isArray(value) ? (value as unknown[]).slice(0, MAX_DIMENSIONS + 1) : undefined
}

function dict(ordered: boolean, pairs: unknown): PickleDict {
  const result = new PickleDict(ordered)
  if (!Array.isArray(pairs)) return result
  for (const pair of pairs as unknown[]) {
    const [key, value] = itemsOf(pair)
    result.set(key, value)
  }
  return result
}

function itemsOf(pair: unknown): readonly unknown[] {
  if (pair instanceof PickleTuple) return pair.items
  return Array.isArray(pair) ? (pair as unknown[]) : []
}
