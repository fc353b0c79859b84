import type { GraphBuilder } from './graph-builder.ts'
import { floating, type Precision, type QuantisePlan } from './precision.ts'

/**
 * Matrices in int8 with one scale an output channel, activations in 8 bits with one scale a token: ViTs have channels
 * and tokens far larger than the rest, and one scale a tensor would leave the rest few steps.
 *
 * Each row of x is divided by its largest magnitude, quantised with a constant scale, multiplied in integers, and
 * multiplied back. CPU and wasm only (MatMulIntegerToFloat).
 */
export const int8 = (plan: QuantisePlan): Precision => ({
  float: 'float32',
  embeddings: 'int8',
  adjust: (key, values) => plan.adjust(key, values),
  matmul(b, x, key, inputs, outputs, floor) {
    if (plan.keep.has(key)) return floating('float32').matmul(b, x, key, inputs, outputs)
    const rows = floor === undefined ? centredRows(b, x) : positiveRows(b, x, floor)
    const [weight, scale, offset] = [`${key}.int8`, `${key}.scale`, `${key}.offset`]
    b.store({
      key,
      tensors: [
        { name: weight, dtype: 'int8', dims: [inputs, outputs] },
        { name: scale, dtype: 'float32', dims: [outputs] },
        ...(floor === undefined ? [] : [{ name: offset, dtype: 'float32', dims: [outputs] } as const]),
      ],
      encode: (values) => {
        const { quantised, scales } = quantiseColumns(values, inputs, outputs)
        const offsets = floor === undefined ? [] : [columnSums(quantised, scales, floor)]
        return [
          new Uint8Array(quantised.buffer),
          ...[scales, ...offsets].map((array) => new Uint8Array(array.buffer)),
        ]
      },
    })
    const product = b.contrib(
      'MatMulIntegerToFloat',
      [rows.quantised, weight, rows.step, scale, ...rows.zero],
      {},
      key,
    )
    const scaled = b.op('Mul', [product, rows.largest])
    return floor === undefined ? scaled : b.op('Add', [scaled, offset])
  },
})

interface QuantisedRows {
  readonly quantised: string
  /** What one step stands for in a row of largest magnitude 1. */
  readonly step: string
  readonly zero: readonly string[]
  readonly largest: string
}

/** Keeps a row of zeros from dividing by zero. */
const TINY = 1e-20

/** Whole numbers from -127 to 127, stored with 128 added: the kernels multiply uint8 by int8. */
function centredRows(b: GraphBuilder, x: string): QuantisedRows {
  return b.once(`int8 ${x}`, () => {
    const largest = b.op('Max', [
      b.op('ReduceMax', [b.op('Abs', [x])], { axes: [-1], keepdims: 1 }),
      b.scalar(TINY),
    ])
    const step = b.scalar(1 / 127)
    const zero = b.uint8(128)
    return {
      quantised: b.op('QuantizeLinear', [b.op('Div', [x, largest]), step, zero]),
      step,
      zero: [zero],
      largest,
    }
  })
}

/** x - floor is never negative, so all 8 bits go to one side: half the step. The product's share of floor is added back. */
function positiveRows(b: GraphBuilder, x: string, floor: number): QuantisedRows {
  return b.once(`int8 positive ${x}`, () => {
    const raised = b.op('Add', [x, b.scalar(-floor)])
    const largest = b.op('Max', [b.op('ReduceMax', [raised], { axes: [-1], keepdims: 1 }), b.scalar(TINY)])
    const step = b.scalar(1 / 255)
    return {
      quantised: b.op('QuantizeLinear', [b.op('Div', [raised, largest]), step, b.uint8(0)]),
      step,
      zero: [],
      largest,
    }
  })
}

/** Row-major rows × columns; column by column the largest magnitude becomes 127. */
export function quantiseColumns(
  values: Float32Array,
  rows: number,
  columns: number,
): { quantised: Int8Array; scales: Float32Array } {
  const scales = new Float32Array(columns)
  for (let r = 0; r < rows; r++) {
    for (let c = 0, i = r * columns; c < columns; c++, i++) {
      const magnitude = Math.abs(values[i]!)
      if (magnitude > scales[c]!) scales[c] = magnitude
    }
  }
  const inverse = new Float32Array(columns)
  for (let c = 0; c < columns; c++) {
    scales[c] = scales[c]! / 127
    inverse[c] = scales[c]! > 0 ? 1 / scales[c]! : 0
  }
  const quantised = new Int8Array(rows * columns)
  for (let r = 0; r < rows; r++) {
    for (let c = 0, i = r * columns; c < columns; c++, i++)
      quantised[i] = Math.round(values[i]! * inverse[c]!)
  }
  return { quantised, scales }
}

/** factor times the sum of each column's dequantised values. */
function columnSums(quantised: Int8Array, scales: Float32Array, factor: number): Float32Array {
  const columns = scales.length
  const sums = new Int32Array(columns)
  for (let i = 0; i < quantised.length;) {
    for (let c = 0; c < columns; c++) sums[c] = sums[c]! + quantised[i++]!
  }
  return scales.map((scale, c) => factor * scale * sums[c]!)
}
