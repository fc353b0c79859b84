import { floatBytes, type GraphBuilder } from './graph-builder.ts'

/** ONNX's numbers of the types. */
const ONNX_TYPE = { float32: 1, float16: 10 } as const

/** Rows of an embedding table that `ids` picks, out of int8 with one scale a row. Plain operators, which all providers have. */
export function int8Rows(b: GraphBuilder, key: string, rows: number, width: number, ids: string): string {
  const { levels, scale } = storeRows(b, key, [rows, width])
  return dequantised(b, b.op('Gather', [levels, ids]), b.op('Gather', [scale, ids]))
}

/** A whole weight that is stored in int8 with one scale a row; runtimes work it out when they load the graph. */
export function int8Weight(b: GraphBuilder, key: string, dims: readonly number[]): string {
  const { levels, scale } = storeRows(b, key, dims)
  return dequantised(b, levels, scale)
}

function storeRows(b: GraphBuilder, key: string, dims: readonly number[]): { levels: string; scale: string } {
  const [levels, scale] = [`${key}.int8`, `${key}.scale`]
  b.store({
    key,
    tensors: [
      { name: levels, dtype: 'int8', dims },
      { name: scale, dtype: b.float, dims: dims.map((dim, i) => (i === 0 ? dim : 1)) },
    ],
    encode: (values) => {
      const { quantised, scales } = quantiseRows(values, dims[0]!)
      return [new Uint8Array(quantised.buffer), floatBytes(scales, b.float)]
    },
  })
  return { levels, scale }
}

const dequantised = (b: GraphBuilder, levels: string, scale: string): string =>
  b.op('Mul', [b.op('Cast', [levels], { to: ONNX_TYPE[b.float] }), scale])

/** Row by row the largest magnitude becomes 127. */
function quantiseRows(values: Float32Array, rows: number): { quantised: Int8Array; scales: Float32Array } {
  const quantised = new Int8Array(values.length)
  const scales = new Float32Array(rows)
  const width = values.length / rows
  for (let row = 0; row < rows; row++) {
    let most = 0
    for (let i = row * width; i < (row + 1) * width; i++) most = Math.max(most, Math.abs(values[i]!))
    scales[row] = most / 127
    const inverse = most > 0 ? 127 / most : 0
    for (let i = row * width; i < (row + 1) * width; i++) quantised[i] = Math.round(values[i]! * inverse)
  }
  return { quantised, scales }
}
