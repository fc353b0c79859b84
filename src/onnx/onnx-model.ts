import { ProtobufWriter } from './protobuf.ts'

/** An ONNX graph in plain objects, and its encoding (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto). */
export interface OnnxModel {
  readonly name: string
  readonly inputs: readonly OnnxValue[]
  readonly outputs: readonly OnnxValue[]
  readonly nodes: readonly OnnxNode[]
  readonly initializers: readonly OnnxInitializer[]
}

export interface OnnxValue {
  readonly name: string
  readonly dtype: OnnxDtype
  /** A name stands for a size that is known only at run time. */
  readonly dims: readonly (number | string)[]
}

export interface OnnxNode {
  readonly name: string
  readonly op: string
  /** Empty for the standard operators, `com.microsoft` for onnxruntime's own. */
  readonly domain: string
  readonly inputs: readonly string[]
  readonly outputs: readonly string[]
  readonly attributes: Readonly<Record<string, OnnxAttribute>>
}

/** A float attribute is wrapped, since JavaScript cannot tell 1.0 from 1. */
export type OnnxAttribute = number | string | readonly number[] | { readonly float: number }

export interface OnnxInitializer {
  readonly name: string
  readonly dtype: OnnxDtype
  readonly dims: readonly number[]
  readonly data: Uint8Array | ExternalLocation
}

/** Where a tensor lies in an external data file beside the model. Bytes. */
export interface ExternalLocation {
  readonly file: string
  readonly offset: number
  readonly length: number
}

export type OnnxDtype = 'float32' | 'float16' | 'int64' | 'int32' | 'int8' | 'uint8' | 'bool'

export const DATA_TYPE: Readonly<Record<OnnxDtype, number>> = {
  float32: 1,
  uint8: 2,
  int8: 3,
  int32: 6,
  int64: 7,
  bool: 9,
  float16: 10,
}

// Opset 17 brought LayerNormalization; nothing newer is needed, so that old runtimes load the graphs too.
const OPSET = 17
const IR_VERSION = 8

export function encodeModel(model: OnnxModel, producer: { name: string; version: string }): Uint8Array {
  const graph = new ProtobufWriter()
  for (const node of model.nodes) graph.bytes(1, encodeNode(node))
  graph.bytes(2, model.name)
  for (const tensor of model.initializers) graph.bytes(5, encodeTensor(tensor))
  for (const value of model.inputs) graph.bytes(11, encodeValue(value))
  for (const value of model.outputs) graph.bytes(12, encodeValue(value))
  const file = new ProtobufWriter()
    .varint(1, IR_VERSION)
    .bytes(2, producer.name)
    .bytes(3, producer.version)
    .bytes(7, graph)
  for (const [domain, version] of [
    ['', OPSET],
    ['com.microsoft', 1],
  ] as const) {
    file.bytes(8, new ProtobufWriter().bytes(1, domain).varint(2, version))
  }
  return file.finish()
}

export function encodeNode(node: OnnxNode): ProtobufWriter {
  const out = new ProtobufWriter()
  for (const input of node.inputs) out.bytes(1, input)
  for (const output of node.outputs) out.bytes(2, output)
  out.bytes(3, node.name).bytes(4, node.op)
  for (const [name, value] of Object.entries(node.attributes)) out.bytes(5, encodeAttribute(name, value))
  return node.domain ? out.bytes(7, node.domain) : out
}

function encodeAttribute(name: string, value: OnnxAttribute): ProtobufWriter {
  const out = new ProtobufWriter().bytes(1, name)
  if (typeof value === 'number') return out.varint(3, value).varint(20, 2)
  if (typeof value === 'string') return out.bytes(4, value).varint(20, 3)
  if ('float' in value) return out.float(2, value.float).varint(20, 1)
  return out.packed(8, value).varint(20, 7)
}

export function encodeTensor({ name, dtype, dims, data }: OnnxInitializer): ProtobufWriter {
  const out = new ProtobufWriter().packed(1, dims).varint(2, DATA_TYPE[dtype]).bytes(8, name)
  if (data instanceof Uint8Array) return out.bytes(9, data)
  for (const [key, value] of [
    ['location', data.file],
    ['offset', String(data.offset)],
    ['length', String(data.length)],
  ] as const) {
    out.bytes(13, new ProtobufWriter().bytes(1, key).bytes(2, value))
  }
  return out.varint(14, 1)
}

function encodeValue({ name, dtype, dims }: OnnxValue): ProtobufWriter {
  const shape = new ProtobufWriter()
  for (const dim of dims) {
    shape.bytes(
      1,
      typeof dim === 'number' ? new ProtobufWriter().varint(1, dim) : new ProtobufWriter().bytes(2, dim),
    )
  }
  const tensor = new ProtobufWriter().varint(1, DATA_TYPE[dtype]).bytes(2, shape)
  return new ProtobufWriter().bytes(1, name).bytes(2, new ProtobufWriter().bytes(1, tensor))
}
