import type { Tensor } from '../backend.ts'
import { MessageError } from './infer-message.ts'

/** What the protocol calls the types of tensors. */
export const DATATYPES: Readonly<Record<Tensor['dtype'], string>> = { float32: 'FP32', int64: 'INT64' }

/** Bytes an element, of the datatypes that are read. */
const BYTES: Readonly<Record<string, number>> = { FP32: 4, FP16: 2, INT64: 8 }
const MAX_RANK = 8

/** Little-endian and row-major, as every machine that runs JavaScript engines of today keeps it. Not a copy. */
export const tensorBytes = ({ data }: Tensor): Uint8Array =>
  new Uint8Array(data.buffer, data.byteOffset, data.byteLength)

/** A tensor of raw bytes, which are copied. Throws `MessageError`. */
export function tensorOfBytes(name: string, datatype: unknown, shape: unknown, bytes: Uint8Array): Tensor {
  const size = sizeOf(name, datatype)
  const { dims, count } = checkedShape(name, shape)
  if (bytes.length !== count * size) {
    throw new MessageError(
      `tensor ${name} has ${bytes.length} bytes, but ${datatype} [${dims}] takes ${count * size}`,
    )
  }
  // Copied (`slice` of Node's Buffer would not): bytes of a message lie anywhere, and typed arrays want their places even.
  const { buffer } = new Uint8Array(bytes)
  if (datatype === 'INT64') return { dtype: 'int64', dims, data: new BigInt64Array(buffer) }
  const data = datatype === 'FP16' ? halves(new Uint16Array(buffer)) : new Float32Array(buffer)
  return { dtype: 'float32', dims, data }
}

/** A tensor of numbers, nested or flat. Throws `MessageError`. */
export function tensorOfNumbers(name: string, datatype: unknown, shape: unknown, values: unknown): Tensor {
  sizeOf(name, datatype)
  const { dims, count } = checkedShape(name, shape)
  if (!Array.isArray(values) && !(values instanceof Float64Array))
    throw new MessageError(`tensor ${name} has no data`)
  const flat: readonly unknown[] | Float64Array = Array.isArray(values[0])
    ? (values as unknown[]).flat(dims.length)
    : values
  if (flat.length !== count)
    throw new MessageError(`tensor ${name} has ${flat.length} values, but [${dims}] takes ${count}`)
  if (datatype === 'INT64') {
    if (!flat.every((value) => Number.isSafeInteger(value)))
      throw new MessageError(`tensor ${name} has values that are no integers`)
    return { dtype: 'int64', dims, data: BigInt64Array.from(flat as ArrayLike<number>, BigInt) }
  }
  if (flat instanceof Float64Array) return { dtype: 'float32', dims, data: new Float32Array(flat) }
  if (!flat.every((value) => typeof value === 'number'))
    throw new MessageError(`tensor ${name} has values that are no numbers`)
  return { dtype: 'float32', dims, data: Float32Array.from(flat as number[]) }
}

function sizeOf(name: string, datatype: unknown): number {
  const size = typeof datatype === 'string' && Object.hasOwn(BYTES, datatype) ? BYTES[datatype] : undefined
  if (size === undefined) {
    throw new MessageError(
      `tensor ${name} is of datatype ${typeof datatype === 'string' ? datatype.slice(0, 20) : 'none'}; ` +
        `towers have ${Object.keys(BYTES).join(', ')}`,
    )
  }
  return size
}

function checkedShape(name: string, shape: unknown): { dims: number[]; count: number } {
  const right =
    Array.isArray(shape) &&
    shape.length <= MAX_RANK &&
    shape.every((dim) => Number.isSafeInteger(dim) && (dim as number) >= 0)
  const count = right ? (shape as number[]).reduce((product, dim) => product * dim, 1) : NaN
  if (!Number.isSafeInteger(count)) throw new MessageError(`tensor ${name} has no shape that can be`)
  return { dims: [...(shape as number[])], count }
}

/** IEEE 754 half precision, exactly. */
function halves(bits: Uint16Array): Float32Array {
  return Float32Array.from(bits, (half) => {
    const sign = half & 0x8000 ? -1 : 1
    const exponent = (half >> 10) & 31
    const fraction = half & 1023
    if (exponent === 31) return fraction ? NaN : sign * Infinity
    if (exponent === 0) return sign * fraction * 2 ** -24
    return sign * (1 + fraction / 1024) * 2 ** (exponent - 15)
  })
}
