import { floatBytes, type GraphBuilder } from './graph-builder.ts'

/** ONNX's numbers of the types. */
const ONNX_TYPE = { float32: 1, float16: 10 } as const

/** Rows of an embedding table that `ids` picks, out of int8 with one scale a row. Plain operators, which all providers have. */
export function int8Rows(b: GraphBuilder, key: string, rows: number, width: number, ids: string): string {
  const [table, scale] = [`${key}.int8`, `${key}.scale`]
  b.store({
    key,
    tensors: [{ name: table, dtype: 'int8', dims: [rows, width] }, { name: scale, dtype: b.float, dims: [rows, 1] }],
    encode: (values) => {
      const { quantised, scales } = quantiseRows(values, width)
      return [new Uint8Array(quantised.buffer), floatBytes(scales, b.float)]
    },
  })
  const levels = b.op('Cast', [b.op('Gather', [table, ids])], { to: ONNX_TYPE[b.float] })
  return b.op('Mul', [levels, b.op('Gather', [scale, ids])])
}

/** Row by row the largest magnitude becomes 127. */
function quantiseRows(values: Float32Array, width: number): { quantised: Int8Array; scales: Float32Array } {
  const quantised = new Int8Array(values.length)
  const scales = new Float32Array(values.length / width)
  for (let row = 0; row < scales.length; row++) {
    let most = 0
    for (let i = row * width; i < (row + 1) * width; i++) most = Math.max(most, Math.abs(values[i]!))
    scales[row] = most / 127
    const inverse = most > 0 ? 127 / most : 0
    for (let i = row * width; i < (row + 1) * width; i++) quantised[i] = Math.round(values[i]! * inverse)
  }
  return { quantised, scales }
}
