/**
 * The graphs of backendConformance (src/testing). `npx esbuild scripts/conformance-graphs.ts --bundle --platform=node
 * --format=esm | node --input-type=module - > src/testing/conformance/conformance-graphs.ts` writes them
 * anew; test/testing/conformance-graphs.test.ts holds both together.
 */
import {
  encodeModel,
  type ExternalLocation,
  type OnnxInitializer,
  type OnnxModel,
  type OnnxNode,
} from '../src/onnx/onnx-model.ts'

const bytesOf = (values: Float32Array | BigInt64Array): Uint8Array => new Uint8Array(values.buffer)

const node = (
  op: string,
  inputs: string[],
  outputs: string[],
  attributes: OnnxNode['attributes'] = {},
): OnnxNode => ({ name: outputs[0]!, op, domain: '', inputs, outputs, attributes })

/** Whole numbers, so that every precision gives them exactly. */
const WEIGHT = bytesOf(Float32Array.of(1, 2, 3, 4, 5, 6))
const BIAS = bytesOf(Float32Array.of(10, 20))
const TABLE = bytesOf(Float32Array.of(0, 1, 2, 3, 4, 5, 6, 7, 8, 9))

/** `y = x · [[1, 2], [3, 4], [5, 6]] + [10, 20]`; x is [batch, 3]. */
function affine(weight: Uint8Array | ExternalLocation): OnnxModel {
  return {
    name: 'affine',
    inputs: [{ name: 'x', dtype: 'float32', dims: ['batch', 3] }],
    outputs: [{ name: 'y', dtype: 'float32', dims: ['batch', 2] }],
    nodes: [node('MatMul', ['x', 'weight'], ['product']), node('Add', ['product', 'bias'], ['y'])],
    initializers: [
      { name: 'weight', dtype: 'float32', dims: [3, 2], data: weight },
      { name: 'bias', dtype: 'float32', dims: [2], data: BIAS },
    ],
  }
}

/** `rows` are the rows of a 5 × 2 table that int64 `ids` [batch, tokens] name; `next` is ids + 1. */
const lookup: OnnxModel = {
  name: 'lookup',
  inputs: [{ name: 'ids', dtype: 'int64', dims: ['batch', 'tokens'] }],
  outputs: [
    { name: 'rows', dtype: 'float32', dims: ['batch', 'tokens', 2] },
    { name: 'next', dtype: 'int64', dims: ['batch', 'tokens'] },
  ],
  nodes: [node('Gather', ['table', 'ids'], ['rows'], { axis: 0 }), node('Add', ['ids', 'one'], ['next'])],
  initializers: [
    { name: 'table', dtype: 'float32', dims: [5, 2], data: TABLE },
    { name: 'one', dtype: 'int64', dims: [], data: bytesOf(BigInt64Array.of(1n)) },
  ],
}

/** `y = x` times `step` so many times, both square: work that takes a while, for the cancellation tests. */
function chain(length: number): OnnxModel {
  const names = ['x', ...Array.from({ length: length - 1 }, (_, i) => `y${i}`), 'y']
  return {
    name: 'chain',
    inputs: ['x', 'step'].map((name) => ({ name, dtype: 'float32' as const, dims: ['size', 'size'] })),
    outputs: [{ name: 'y', dtype: 'float32', dims: ['size', 'size'] }],
    nodes: names.slice(1).map((name, i) => node('MatMul', [names[i]!, 'step'], [name])),
    initializers: [] as OnnxInitializer[],
  }
}

const encode = (model: OnnxModel): Uint8Array => encodeModel(model, { name: 'icthp', version: 'conformance' })

export const GRAPHS: Readonly<Record<string, Uint8Array>> = {
  AFFINE: encode(affine(WEIGHT)),
  AFFINE_EXTERNAL: encode(affine({ file: 'external.onnx_data', offset: 64, length: WEIGHT.length })),
  EXTERNAL_DATA: new Uint8Array([...new Uint8Array(64), ...WEIGHT]),
  LOOKUP: encode(lookup),
  CHAIN: encode(chain(48)),
}

export function graphsModule(): string {
  const constants = Object.entries(GRAPHS).map(([name, bytes]) => {
    const lines = Buffer.from(bytes)
      .toString('base64')
      .match(/.{1,110}/g)!
      .map((line) => `  '${line}'`)
    return `export const ${name}: string =\n${lines.join(' +\n')}\n`
  })
  return `// Made by scripts/conformance-graphs.ts: change that file, not this one. Base64.\n${constants.join('')}`
}

if (!process.env['VITEST']) process.stdout.write(graphsModule())
