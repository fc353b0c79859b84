import { ProtobufWriter } from '../../onnx/protobuf.ts'
import {
  decodeTensorHead,
  encodeTensor,
  encodeTensorHead,
  fieldsOf,
  parameterName,
  tensorsOf,
  text,
} from './grpc-tensors.ts'
import type {
  IndexedModel,
  InferRequest,
  InferResponse,
  ModelMetadata,
  ServerMetadata,
  TensorMetadata,
} from './infer-message.ts'
import { checkParameters } from './known-parameters.ts'
import { tensorBytes } from './tensor-bytes.ts'

/**
 * The messages of `inference.GRPCInferenceService`
 * (https://github.com/kserve/open-inference-protocol, open_inference_grpc.proto), as far as towers need them.
 */
export const GRPC_SERVICE = 'inference.GRPCInferenceService'

/** A `oneof` or optional text: proto3 leaves out what is empty. */
const put = (writer: ProtobufWriter, field: number, value: string | undefined): ProtobufWriter =>
  value ? writer.bytes(field, value) : writer

/** `ModelInferRequest`, its tensors raw. */
export function encodeGrpcRequest({ model, version, id, inputs, outputs = [] }: InferRequest): Uint8Array {
  const writer = put(put(put(new ProtobufWriter(), 1, model), 2, version), 3, id)
  for (const [name, tensor] of Object.entries(inputs)) writer.bytes(5, encodeTensor(name, tensor))
  for (const name of outputs) writer.bytes(6, new ProtobufWriter().bytes(1, name))
  for (const tensor of Object.values(inputs)) writer.bytes(7, tensorBytes(tensor))
  return writer.finish()
}

/** Throws `MessageError`. */
export function decodeGrpcRequest(message: Uint8Array): InferRequest {
  const { texts, lists } = parts(message, [1, 2, 3], [5, 6, 7])
  const outputs = lists[6]!.map(readAsked)
  return {
    model: texts[1]!,
    version: texts[2] || undefined,
    id: texts[3] || undefined,
    inputs: tensorsOf(lists[5]!, lists[7]!),
    ...(outputs.length > 0 ? { outputs } : {}),
  }
}

/** `InferRequestedOutputTensor`: its name. */
function readAsked(output: Uint8Array): string {
  const { texts, lists } = parts(output, [1], [2])
  checkParameters(texts[1]!, lists[2]!.map(parameterName))
  return texts[1]!
}

/** `ModelInferResponse`, its tensors raw. */
export function encodeGrpcResponse({ model, version, id, outputs }: InferResponse): Uint8Array {
  const writer = put(put(put(new ProtobufWriter(), 1, model), 2, version), 3, id)
  for (const [name, tensor] of Object.entries(outputs)) writer.bytes(5, encodeTensor(name, tensor))
  for (const tensor of Object.values(outputs)) writer.bytes(6, tensorBytes(tensor))
  return writer.finish()
}

/** Throws `MessageError`. */
export function decodeGrpcResponse(message: Uint8Array): InferResponse {
  const { texts, lists } = parts(message, [1, 2, 3], [5, 6])
  return {
    model: texts[1]!,
    version: texts[2] || undefined,
    id: texts[3] || undefined,
    outputs: tensorsOf(lists[5]!, lists[6]!),
  }
}

/** `ServerLiveResponse`, `ServerReadyResponse`, `ModelReadyResponse`: one bool. And `HealthCheckResponse`, whose 1 is `SERVING`. */
export const encodeFlag = (value: boolean): Uint8Array =>
  value ? new ProtobufWriter().varint(1, 1).finish() : new Uint8Array()

export function decodeFlag(message: Uint8Array): boolean {
  let flag = false
  for (const field of fieldsOf(message)) if (field.number === 1) flag = field.value !== 0n
  return flag
}

/** `ModelReadyRequest` and `ModelMetadataRequest`. */
export const encodeModelName = (name: string, version?: string): Uint8Array =>
  put(put(new ProtobufWriter(), 1, name), 2, version).finish()

export function decodeModelName(message: Uint8Array): { readonly name: string; readonly version: string } {
  const { texts } = parts(message, [1, 2], [])
  return { name: texts[1]!, version: texts[2]! }
}

/** Triton's `RepositoryIndexResponse`. */
export function encodeRepositoryIndex(models: readonly IndexedModel[]): Uint8Array {
  const writer = new ProtobufWriter()
  for (const { name, version, state } of models)
    writer.bytes(1, new ProtobufWriter().bytes(1, name).bytes(2, version).bytes(3, state))
  return writer.finish()
}

export function encodeServerMetadata({ name, version, extensions }: ServerMetadata): Uint8Array {
  const writer = put(put(new ProtobufWriter(), 1, name), 2, version)
  for (const extension of extensions) writer.bytes(3, extension)
  return writer.finish()
}

export function encodeModelMetadata({
  name,
  versions,
  platform,
  inputs,
  outputs,
}: ModelMetadata): Uint8Array {
  const writer = put(new ProtobufWriter(), 1, name)
  for (const version of versions) writer.bytes(2, version)
  put(writer, 3, platform)
  for (const tensor of inputs) writer.bytes(4, headOf(tensor))
  for (const tensor of outputs) writer.bytes(5, headOf(tensor))
  return writer.finish()
}

const headOf = ({ name, datatype, shape }: TensorMetadata): ProtobufWriter =>
  encodeTensorHead(name, datatype, shape)

/** Throws `MessageError`. */
export function decodeModelMetadata(message: Uint8Array): ModelMetadata {
  const { texts, lists } = parts(message, [1, 3], [2, 4, 5])
  return {
    name: texts[1]!,
    versions: lists[2]!.map((bytes) => new TextDecoder().decode(bytes)),
    platform: texts[3]!,
    inputs: lists[4]!.map(decodeTensorHead),
    outputs: lists[5]!.map(decodeTensorHead),
  }
}

/** Fields that hold one text, '' where there is none, and fields that hold any number of bytes, all by number. */
function parts(
  message: Uint8Array,
  single: readonly number[],
  repeated: readonly number[],
): { texts: Record<number, string>; lists: Record<number, Uint8Array[]> } {
  const texts: Record<number, string> = Object.fromEntries(single.map((number) => [number, '']))
  const lists: Record<number, Uint8Array[]> = Object.fromEntries(repeated.map((number) => [number, []]))
  for (const field of fieldsOf(message)) {
    if (single.includes(field.number)) texts[field.number] = text(field)
    lists[field.number]?.push(field.bytes)
  }
  return { texts, lists }
}
