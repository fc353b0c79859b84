import type { GraphBuilder } from './graph-builder.ts'
import type { Precision } from './precision.ts'

/**
 * Matrices in int8 with one scale an output channel, activations in int8 with one scale a token: ViTs have channels and
 * tokens far larger than the rest, and one scale a tensor would leave the rest few steps.
 *
 * Each row of x is divided by its largest magnitude, quantised with a constant scale, multiplied in integers, and
 * multiplied back. CPU and wasm only (MatMulIntegerToFloat).
 */
export const int8: Precision = {
  float: 'float32',
  matmul(b, x, key, inputs, outputs) {
    const { quantised, largest } = quantiseRows(b, x)
    const weight = `${key}.int8`
    const scale = `${key}.scale`
    b.weights.push({
      key,
      tensors: [{ name: weight, dtype: 'int8', dims: [inputs, outputs] }, { name: scale, dtype: 'float32', dims: [outputs] }],
      encode: (values) => quantiseColumns(values, inputs, outputs),
    })
    const product = b.contrib('MatMulIntegerToFloat', [quantised, weight, b.scalar(STEP), scale, b.uint8(ZERO)], {}, key)
    return b.op('Mul', [product, largest])
  },
}

/** A quantised row has whole numbers from -127 to 127, stored with 128 added: the kernels multiply uint8 by int8. */
const STEP = 1 / 127
const ZERO = 128
/** Keeps a row of zeros from dividing by zero. */
const TINY = 1e-20

function quantiseRows(b: GraphBuilder, x: string): { quantised: string; largest: string } {
  return b.once(`int8 ${x}`, () => {
    const largest = b.op('Max', [b.op('ReduceMax', [b.op('Abs', [x])], { axes: [-1], keepdims: 1 }), b.scalar(TINY)])
    const quantised = b.op('QuantizeLinear', [b.op('Div', [x, largest]), b.scalar(STEP), b.uint8(ZERO)])
    return { quantised, largest }
  })
}

/** Column by column: the largest magnitude becomes 127. Row-major int8 values, and the columns' float32 scales. */
export function quantiseColumns(values: Float32Array, rows: number, columns: number): [Uint8Array, Uint8Array] {
  const scale = new Float32Array(columns)
  for (let r = 0; r < rows; r++) {
    for (let c = 0, i = r * columns; c < columns; c++, i++) {
      const magnitude = Math.abs(values[i]!)
      if (magnitude > scale[c]!) scale[c] = magnitude
    }
  }
  const inverse = new Float32Array(columns)
  for (let c = 0; c < columns; c++) {
    scale[c] = scale[c]! / 127
    inverse[c] = scale[c]! > 0 ? 1 / scale[c]! : 0
  }
  const out = new Int8Array(rows * columns)
  for (let r = 0; r < rows; r++) {
    for (let c = 0, i = r * columns; c < columns; c++, i++) out[i] = Math.round(values[i]! * inverse[c]!)
  }
  return [new Uint8Array(out.buffer), new Uint8Array(scale.buffer)]
}
