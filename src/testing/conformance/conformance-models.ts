import type { FileSource, InferenceSession, ModelSource, Tensor, Tensors } from '../../backend/backend.ts'
import { modelOfFiles } from '../../backend/model-of-files.ts'
import { expectSame, expectTrue } from '../expect.ts'
import * as graphs from './conformance-graphs.ts'

export type Place = (bytes: Uint8Array, name: string) => FileSource | Promise<FileSource>

/** A graph of the suite, for whoever hosts it. */
export interface ConformanceGraph {
  readonly graph: Uint8Array
  /** To lie beside the graph, by file name. */
  readonly externalData: Readonly<Record<string, Uint8Array>>
}

/**
 * The suite's graphs by the name that `ModelSource.tower` has in it (`affine`, `affine_external`, `lookup`, `chain`), to be
 * hosted where a remote backend finds them.
 */
export function conformanceGraphs(): Readonly<Record<string, ConformanceGraph>> {
  const external = { [EXTERNAL_NAME]: bytes(graphs.EXTERNAL_DATA) }
  return Object.fromEntries(
    GRAPHS.map((name) => [
      name.toLowerCase(),
      { graph: bytes(graphs[name]), externalData: name === 'AFFINE_EXTERNAL' ? external : {} },
    ]),
  )
}

const GRAPHS = ['AFFINE', 'AFFINE_EXTERNAL', 'LOOKUP', 'CHAIN'] as const
const EXTERNAL_NAME = 'external.onnx_data'
type GraphName = (typeof GRAPHS)[number]

type Change = (content: Uint8Array) => Uint8Array | undefined
const same: Change = (content) => content

const bytes = (text: string): Uint8Array =>
  Uint8Array.from(atob(text), (character) => character.charCodeAt(0))

/** Brings the suite's graphs to where the backend reads them, each in a folder of its own. */
export class ConformanceModels {
  #count = 0

  constructor(private readonly place: Place = (content) => ({ blob: new Blob([content.slice()]) })) {}

  /** `damage` and `external` change what is placed: the graph, and its external data (`undefined`: leave it out). */
  async source(
    name: GraphName,
    { damage = same, external = same }: { readonly damage?: Change; readonly external?: Change } = {},
  ): Promise<ModelSource> {
    const folder = `${name.toLowerCase().replace('_', '-')}-${++this.#count}`
    const externalData: { name: string; file: FileSource }[] = []
    if (name === 'AFFINE_EXTERNAL') {
      const data = external(bytes(graphs.EXTERNAL_DATA))
      if (data)
        externalData.push({ name: EXTERNAL_NAME, file: await this.place(data, `${folder}/${EXTERNAL_NAME}`) })
    }
    const graph = await this.place(damage(bytes(graphs[name]))!, `${folder}/graph.onnx`)
    return { ...modelOfFiles(`conformance ${folder}`, graph, externalData), tower: name.toLowerCase() }
  }
}

/** `y = x · [[1, 2], [3, 4], [5, 6]] + [10, 20]`, for rows of three whole numbers, counted up from `first`. */
export async function checkAffine(session: InferenceSession, rows: number, first = 0): Promise<Tensors> {
  const x = affineInput(rows, first)
  const outputs = await session.run({ x })
  checkAffineOutput(outputs, rows, first)
  return outputs
}

export function affineInput(rows: number, first = 0): Extract<Tensor, { dtype: 'float32' }> {
  return {
    dtype: 'float32',
    dims: [rows, 3],
    data: Float32Array.from({ length: rows * 3 }, (_, i) => first + i),
  }
}

export function checkAffineOutput(outputs: Tensors, rows: number, first: number): void {
  const expected = Float32Array.from({ length: rows * 2 }, (_, i) => {
    const [a, b, c] = [0, 1, 2].map((column) => first + 3 * Math.floor(i / 2) + column) as [
      number,
      number,
      number,
    ]
    return i % 2 === 0 ? a + 3 * b + 5 * c + 10 : 2 * a + 4 * b + 6 * c + 20
  })
  checkTensor(outputs, 'y', { dtype: 'float32', dims: [rows, 2], data: expected })
}

/** Rows 0 to 4 of a table of two columns that counts up from 0, and the ids plus one. */
export async function checkLookup(
  session: InferenceSession,
  ids: readonly (readonly bigint[])[],
): Promise<void> {
  const dims = [ids.length, ids[0]!.length]
  const flat = ids.flat()
  const outputs = await session.run({ ids: { dtype: 'int64', dims, data: BigInt64Array.from(flat) } })
  checkTensor(outputs, 'rows', {
    dtype: 'float32',
    dims: [...dims, 2],
    data: Float32Array.from(flat.flatMap((id) => [Number(id) * 2, Number(id) * 2 + 1])),
  })
  checkTensor(outputs, 'next', { dtype: 'int64', dims, data: BigInt64Array.from(flat, (id) => id + 1n) })
}

function checkTensor(outputs: Tensors, name: string, expected: Tensor): void {
  const tensor = outputs[name]
  expectTrue(
    tensor !== undefined,
    `run gave the outputs ${Object.keys(outputs).join(', ') || 'nothing'}, but not ${name}`,
  )
  expectSame(tensor.dtype, expected.dtype, `dtype of ${name}`)
  expectSame([...tensor.dims], [...expected.dims], `dims of ${name}`)
  expectSame(tensor.data, expected.data, `data of ${name}`)
}

const CHAIN_SIZE = 768

/** Work that takes some tenths of a second on a CPU, and gives back what it was given. */
export function chainInput(): Tensors {
  const values = (at: (row: number, column: number) => number): Tensor => ({
    dtype: 'float32',
    dims: [CHAIN_SIZE, CHAIN_SIZE],
    data: Float32Array.from({ length: CHAIN_SIZE * CHAIN_SIZE }, (_, i) =>
      at(Math.floor(i / CHAIN_SIZE), i % CHAIN_SIZE),
    ),
  })
  return {
    x: values((row, column) => (row + column) % 7),
    step: values((row, column) => (row === column ? 1 : 0)),
  }
}
