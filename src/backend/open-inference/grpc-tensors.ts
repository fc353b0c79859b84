import { type ProtobufField, ProtobufWriter, readFields } from '../../onnx/protobuf.ts'
import type { Tensor, Tensors } from '../backend.ts'
import { MessageError } from './infer-message.ts'
import { checkParameters } from './known-parameters.ts'
import { setOwn } from './rest-tensors.ts'
import { DATATYPES, tensorOfBytes, tensorOfNumbers } from './tensor-bytes.ts'

/** The fields of a message; what is no message is a `MessageError`. */
export function* fieldsOf(message: Uint8Array): Generator<ProtobufField> {
  try {
    yield* readFields(message)
  } catch (cause) {
    throw new MessageError((cause as Error).message, { cause })
  }
}

export const text = ({ bytes }: ProtobufField): string => new TextDecoder().decode(bytes)

/** `InferInputTensor` and `InferOutputTensor` but for what is in them, which goes as raw bytes; and `TensorMetadata`. */
export function encodeTensorHead(name: string, datatype: string, shape: readonly number[]): ProtobufWriter {
  return new ProtobufWriter().bytes(1, name).bytes(2, datatype).packed(3, shape)
}

export const encodeTensor = (name: string, { dtype, dims }: Tensor): ProtobufWriter =>
  encodeTensorHead(name, DATATYPES[dtype], dims)

interface TensorHead {
  readonly name: string
  readonly datatype: string
  readonly shape: readonly number[]
  /** `InferTensorContents`, where it is not raw. */
  readonly contents?: Uint8Array
}

/** The key of an entry of `map<string, InferParameter>`. */
export function parameterName(entry: Uint8Array): string {
  for (const field of fieldsOf(entry)) if (field.number === 1) return text(field)
  return ''
}

export function decodeTensorHead(message: Uint8Array): TensorHead {
  const parameters: string[] = []
  const head = {
    name: '',
    datatype: '',
    shape: [] as number[],
    contents: undefined as Uint8Array | undefined,
  }
  for (const field of fieldsOf(message)) {
    if (field.number === 1) head.name = text(field)
    if (field.number === 2) head.datatype = text(field)
    if (field.number === 3) head.shape.push(...integers(field).map(Number))
    if (field.number === 4) parameters.push(parameterName(field.bytes))
    if (field.number === 5) head.contents = field.bytes
  }
  checkParameters(head.name, parameters)
  const { contents, ...named } = head
  return contents ? { ...named, contents } : named
}

/** Raw contents belong to the tensors in their order; without any, each tensor has its own. Throws `MessageError`. */
export function tensorsOf(heads: readonly Uint8Array[], raw: readonly Uint8Array[]): Tensors {
  if (raw.length > 0 && raw.length !== heads.length)
    throw new MessageError(`there are ${heads.length} tensors and ${raw.length} raw contents`)
  const tensors: Record<string, Tensor> = {}
  for (const [i, message] of heads.entries()) {
    const { name, datatype, shape, contents } = decodeTensorHead(message)
    if (Object.hasOwn(tensors, name)) throw new MessageError(`tensor ${name} is there twice`)
    const bytes = raw[i]
    const tensor = bytes
      ? tensorOfBytes(name, datatype, shape, bytes)
      : tensorOfNumbers(name, datatype, shape, numbersOf(datatype, contents))
    setOwn(tensors, name, tensor)
  }
  return tensors
}

/** `int64_contents` and `fp32_contents`, packed or not. */
function numbersOf(datatype: string, contents: Uint8Array = new Uint8Array()): number[] {
  const values: number[] = []
  for (const field of fieldsOf(contents)) {
    if (field.number === 3 && datatype === 'INT64')
      for (const value of integers(field)) values.push(Number(value))
    if (field.number === 6 && datatype === 'FP32') for (const value of floats(field)) values.push(value)
  }
  return values
}

/** Of a repeated int64 field: packed in bytes, or one value. */
function integers({ bytes, raw, value }: ProtobufField): bigint[] {
  const isPacked = (raw[0]! & 7) === 2
  if (!isPacked) return [BigInt.asIntN(64, value)]
  const values: bigint[] = []
  let whole = 0n
  let shift = 0n
  for (const byte of bytes) {
    if (shift > 63n) throw new MessageError('an integer has too many bytes')
    whole |= BigInt(byte & 127) << shift
    shift += 7n
    if (byte > 127) continue
    values.push(BigInt.asIntN(64, whole))
    whole = 0n
    shift = 0n
  }
  if (shift > 0n) throw new MessageError('an integer is cut short')
  return values
}

/** Of a repeated float field: all are four bytes, packed or not. */
function floats({ bytes }: ProtobufField): Float32Array {
  if (bytes.length % 4 !== 0) throw new MessageError('a float is cut short')
  return new Float32Array(new Uint8Array(bytes).buffer)
}
