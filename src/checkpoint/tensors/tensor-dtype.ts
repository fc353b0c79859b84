/** The element types that can be read, as torch names them. */
export type TensorDtype =
  'float32' | 'float16' | 'bfloat16' | 'float64' | 'int64' | 'int32' | 'int16' | 'int8' | 'uint8' | 'bool'

/** Bytes an element. */
export const ELEMENT_SIZE: Readonly<Record<TensorDtype, number>> = {
  float32: 4,
  float16: 2,
  bfloat16: 2,
  float64: 8,
  int64: 8,
  int32: 4,
  int16: 2,
  int8: 1,
  uint8: 1,
  bool: 1,
}

export function isTensorDtype(name: string): name is TensorDtype {
  return Object.hasOwn(ELEMENT_SIZE, name)
}

export function isFloatDtype(dtype: TensorDtype): boolean {
  return dtype === 'float32' || dtype === 'float16' || dtype === 'bfloat16' || dtype === 'float64'
}

/**
 * Converts little-endian elements to float32: float16 and bfloat16 exactly (NaN payloads kept), float64 and the integers
 * rounded to the nearest, ties to even. `raw` starts at a multiple of the element size in its buffer.
 */
export function toFloat32(raw: Uint8Array, dtype: TensorDtype, target: Float32Array): void {
  switch (dtype) {
    case 'float16':
      return widenFloat16(new Uint16Array(raw.buffer, raw.byteOffset, target.length), target)
    case 'bfloat16':
      return widenBfloat16(new Uint16Array(raw.buffer, raw.byteOffset, target.length), target)
    default:
      target.set(exactValues(raw, dtype, target.length))
  }
}

/** The elements as they are: float64 holds every type here but int64, whose bigints beyond 2^53 are rounded. */
export function exactValues(raw: Uint8Array, dtype: TensorDtype, count: number): ArrayLike<number> {
  const { buffer, byteOffset } = raw
  switch (dtype) {
    case 'float32':
      return new Float32Array(buffer, byteOffset, count)
    case 'float64':
      return new Float64Array(buffer, byteOffset, count)
    case 'int64':
      return Float64Array.from(new BigInt64Array(buffer, byteOffset, count), Number)
    case 'int32':
      return new Int32Array(buffer, byteOffset, count)
    case 'int16':
      return new Int16Array(buffer, byteOffset, count)
    case 'int8':
      return new Int8Array(buffer, byteOffset, count)
    case 'uint8':
    case 'bool':
      return new Uint8Array(buffer, byteOffset, count)
    case 'float16':
    case 'bfloat16': {
      const wide = new Float32Array(count)
      toFloat32(raw, dtype, wide)
      return wide
    }
  }
}

/** A bfloat16 is the upper half of a float32. */
function widenBfloat16(halves: Uint16Array, target: Float32Array): void {
  const bits = new Uint32Array(target.buffer, target.byteOffset, target.length)
  for (let i = 0; i < bits.length; i++) bits[i] = halves[i]! << 16
}

/** IEEE 754 binary16 → binary32: the exponent's bias goes from 15 to 127, the mantissa from 10 bits to 23. */
function widenFloat16(halves: Uint16Array, target: Float32Array): void {
  const bits = new Uint32Array(target.buffer, target.byteOffset, target.length)
  for (let i = 0; i < bits.length; i++) {
    const half = halves[i]!
    const sign = (half & 0x8000) << 16
    const magnitude = half & 0x7fff
    if (magnitude >= 0x7c00) bits[i] = sign | 0x7f800000 | ((magnitude & 0x3ff) << 13)
    else if (magnitude >= 0x400) bits[i] = sign | ((magnitude << 13) + ((127 - 15) << 23))
    else target[i] = (sign === 0 ? 1 : -1) * magnitude * 2 ** -24
  }
}
