import { describe, expect, it } from 'vitest'
import { quantiseBlocks } from '../../../src/convert/graph/block-quantised.ts'
import { GraphBuilder } from '../../../src/convert/graph/graph-builder.ts'
import { quantiseColumns } from '../../../src/convert/graph/int8.ts'
import { int8Rows } from '../../../src/convert/graph/int8-rows.ts'

const [INPUTS, OUTPUTS] = [96, 5]

/** Normally distributed, the same on every run. */
function weights(count: number): Float32Array {
  let state = 7
  const uniform = (): number => (state = (state * 48271) % 2147483647) / 2147483647
  return Float32Array.from(
    { length: count },
    () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform()),
  )
}

/** Back to inputs × outputs. MatMulNBits wants outputs × blocks × bytes, the first of two 4-bit weights in the low half. */
function dequantise({ quantised, scales }: ReturnType<typeof quantiseBlocks>, bits: 4 | 8): Float32Array {
  const out = new Float32Array(INPUTS * OUTPUTS)
  for (let o = 0; o < OUTPUTS; o++) {
    for (let i = 0; i < INPUTS; i++) {
      const at = o * INPUTS + i
      const level = bits === 8 ? quantised[at]! - 128 : ((quantised[at >> 1]! >> (4 * (at % 2))) & 15) - 8
      out[i * OUTPUTS + o] = level * scales[Math.floor(at / 32)]!
    }
  }
  return out
}

const squaredError = (a: Float32Array, b: Float32Array): number =>
  a.reduce((sum, x, i) => sum + (x - b[i]!) ** 2, 0)

describe('quantiseBlocks', () => {
  const values = weights(INPUTS * OUTPUTS)

  it('8 bits: no weight is off by more than half a step, but for one at the short end', () => {
    const result = quantiseBlocks(values, INPUTS, OUTPUTS, 8, 'float32')
    dequantise(result, 8).forEach((value, at) => {
      const step = Math.abs(
        result.scales[Math.floor(((at % OUTPUTS) * INPUTS + Math.floor(at / OUTPUTS)) / 32)]!,
      )
      expect(Math.abs(value - values[at]!)).toBeLessThanOrEqual(1.000001 * step)
    })
  })

  it('4 bits: loses less than a scale that only spans the range', () => {
    const squares = values.reduce((sum, x) => sum + x * x, 0)
    const searched = squaredError(
      values,
      dequantise(quantiseBlocks(values, INPUTS, OUTPUTS, 4, 'float32'), 4),
    )
    // Of many normal weights, 0.67 % of the energy; 0.74 % where the scale only spans the range.
    expect(searched / squares).toBeLessThan(0.0072)
  })

  it('float16 scales are stored as they were computed with', () => {
    const { scales } = quantiseBlocks(values, INPUTS, OUTPUTS, 4, 'float16')
    for (const scale of scales) {
      const halved = new Uint32Array(Float32Array.of(scale).buffer)[0]! & 0x1fff
      expect(halved).toBe(0)
    }
  })

  it.each([4, 8] as const)('%i bits: zeros stay zeros', (bits) => {
    const result = quantiseBlocks(new Float32Array(INPUTS * OUTPUTS), INPUTS, OUTPUTS, bits, 'float32')
    expect(dequantise(result, bits).every((value) => value === 0)).toBe(true)
  })
})

describe('quantiseColumns', () => {
  it('rounds to the nearest of 255 steps a column', () => {
    const values = weights(INPUTS * OUTPUTS)
    const { quantised, scales } = quantiseColumns(values, INPUTS, OUTPUTS)
    values.forEach((value, i) =>
      expect(Math.abs(quantised[i]! * scales[i % OUTPUTS]! - value)).toBeLessThanOrEqual(
        0.500001 * scales[i % OUTPUTS]!,
      ),
    )
    for (let c = 0; c < OUTPUTS; c++)
      expect(
        Math.max(...Array.from({ length: INPUTS }, (_, r) => Math.abs(quantised[r * OUTPUTS + c]!))),
      ).toBe(127)
  })
})

describe('int8Rows', () => {
  it('stores each row with its own scale, and rows of zeros as zeros', () => {
    const b = new GraphBuilder('float32')
    int8Rows(b, 'token', 3, 4, 'ids')
    const [levels, scales] = b.weights[0]!.encode(
      Float32Array.of(1, -2, 0.5, 0, 0, 0, 0, 0, 100, 50, -100, 1),
    ) as [Uint8Array, Uint8Array]
    expect([...new Int8Array(levels.buffer)]).toEqual([64, -127, 32, 0, 0, 0, 0, 0, 127, 64, -127, 1])
    expect([...new Float32Array(scales.buffer)]).toEqual([2 / 127, 0, 100 / 127].map(Math.fround))
  })
})
