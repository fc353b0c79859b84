import { describe, expect, it } from 'vitest'
import { toFloat32 } from '../../../src/checkpoint/tensors/tensor-dtype.ts'

const everyHalf = Uint16Array.from({ length: 65536 }, (_, i) => i)
const raw = new Uint8Array(everyHalf.buffer)

/** From the definition: sign · 1.mantissa · 2^(exponent − bias), or 0.mantissa where the exponent is 0. */
function defined(bits: number, mantissaBits: number, bias: number, exponents: number): number {
  const mantissa = bits % 2 ** mantissaBits
  const exponent = Math.floor(bits / 2 ** mantissaBits) % (exponents + 1)
  const sign = bits >= 0x8000 ? -1 : 1
  if (exponent === exponents) return mantissa === 0 ? sign * Infinity : NaN
  if (exponent === 0) return sign * mantissa * 2 ** (1 - bias - mantissaBits)
  return sign * (1 + mantissa * 2 ** -mantissaBits) * 2 ** (exponent - bias)
}

describe('toFloat32', () => {
  it('widens all 65,536 float16 exactly', () => {
    const wide = new Float32Array(65536)
    toFloat32(raw, 'float16', wide)
    const wrong = everyHalf.filter((bits) => !Object.is(wide[bits], defined(bits, 10, 15, 31)))
    expect(wrong).toEqual(new Uint16Array(0))
  })

  it('widens all 65,536 bfloat16 exactly', () => {
    const wide = new Float32Array(65536)
    toFloat32(raw, 'bfloat16', wide)
    const wrong = everyHalf.filter((bits) => !Object.is(wide[bits], defined(bits, 7, 127, 255)))
    expect(wrong).toEqual(new Uint16Array(0))
  })

  it('rounds float64 to the nearest, ties to even', () => {
    const doubles = Float64Array.of(1 + 2 ** -24, 1 + 3 * 2 ** -24, 1e300, 2 ** -150, -(2 ** -149))
    const narrow = new Float32Array(5)
    toFloat32(new Uint8Array(doubles.buffer), 'float64', narrow)
    expect(Array.from(narrow)).toEqual([1, 1 + 2 ** -22, Infinity, 0, -(2 ** -149)])
  })

  it('writes into the middle of a larger array', () => {
    const wide = new Float32Array(4)
    toFloat32(new Uint8Array(Uint16Array.of(0x3c00, 0xc000).buffer), 'float16', wide.subarray(1, 3))
    expect(wide).toEqual(Float32Array.of(0, 1, -2, 0))
  })
})
