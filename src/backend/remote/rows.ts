import type { Tensor, Tensors } from '../backend.ts'
import { ServerFault } from './transport.ts'

/**
 * How many rows a batch has: the first dimension of a tower's only input. `undefined` where there are several inputs, of
 * which nobody says that they belong together row by row.
 */
export function rowsOf(inputs: Tensors): number | undefined {
  const tensors = Object.values(inputs)
  return tensors.length === 1 ? tensors[0]!.dims[0] : undefined
}

/** Some rows of each tensor; not a copy. */
export function sliceRows(tensors: Tensors, start: number, end: number): Tensors {
  return Object.fromEntries(
    Object.entries(tensors).map(([name, { dtype, dims, data }]) => {
      const row = dims.slice(1).reduce((product, dim) => product * dim, 1)
      const part = data.subarray(start * row, end * row)
      return [name, { dtype, dims: [end - start, ...dims.slice(1)], data: part } as Tensor]
    }),
  )
}

/** Batches one after the other. Throws `ServerFault` where they do not fit together. */
export function joinRows(batches: readonly Tensors[]): Tensors {
  const [first] = batches
  if (!first || batches.length === 1) return first ?? {}
  return Object.fromEntries(
    Object.keys(first).map((name) => [
      name,
      joinTensors(
        name,
        batches.map((batch) => batch[name]),
      ),
    ]),
  )
}

function joinTensors(name: string, parts: readonly (Tensor | undefined)[]): Tensor {
  const { dtype, dims } = parts[0]!
  const row = dims.slice(1)
  const fits = parts.every((part) => part?.dtype === dtype && part.dims.slice(1).join() === row.join())
  if (!fits) throw new ServerFault(`the parts of output ${name} do not fit together`)
  const joined = { dtype, dims: [parts.reduce((sum, part) => sum + part!.dims[0]!, 0), ...row] }
  const length = parts.reduce((sum, part) => sum + part!.data.length, 0)
  const data = dtype === 'float32' ? new Float32Array(length) : new BigInt64Array(length)
  let at = 0
  for (const part of parts) {
    data.set(part!.data as never, at)
    at += part!.data.length
  }
  return { ...joined, data } as Tensor
}

/** Triton gives a number a row as [N, 1], others as [N]; towers mean [N]. */
export function withoutLastOne(outputs: Tensors, rows: number | undefined): Tensors {
  return Object.fromEntries(
    Object.entries(outputs).map(([name, tensor]) => {
      const { dtype, dims } = tensor
      const single = dtype === 'float32' && dims.length === 2 && dims[0] === rows && dims[1] === 1
      return [name, single ? ({ ...tensor, dims: [dims[0]] } as Tensor) : tensor]
    }),
  )
}
