import { PickleGlobal } from '../pickle/pickle-values.ts'
import { spanOf } from '../tensors/strided-box.ts'
import { ELEMENT_SIZE } from '../tensors/tensor-dtype.ts'

/** Elements of a storage that tensors may see; views in legacy files have a name of their own. */
export interface StorageView {
  readonly start: number
  readonly length: number
  readonly key?: string
}

/** A storage: one run of elements in the file, which tensors view. */
export class StorageRecord {
  readonly key: string
  readonly dtype: string
  /** Elements of this storage's own dtype, in the file. */
  readonly length: number
  /** Of those, the ones that tensors may see: all, but for views in legacy files. */
  readonly view: StorageView
  constructor(key: string, dtype: string, length: number, view: StorageView = { start: 0, length }) {
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

  /** Bytes of its storage up to its last element. */
  get end(): number {
    return this.shape.includes(0)
      ? 0
      : (this.offset + spanOf(this.shape, this.strides)) * STORED_SIZE[this.dtype]!
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
