import type { Tensors } from '../backend.ts'

/**
 * What the Open Inference Protocol (v2 of KServe, Triton, OpenVINO Model Server, MLServer) says of one inference, whatever
 * it is encoded in. Of its datatypes those that towers have are read: FP32 and INT64, and FP16 as float32.
 */
export interface InferRequest {
  readonly model: string
  readonly version?: string | undefined
  readonly id?: string | undefined
  readonly inputs: Tensors
  /** Outputs that are wanted, by name; default all. */
  readonly outputs?: readonly string[] | undefined
}

export interface InferResponse {
  readonly model: string
  readonly version?: string | undefined
  readonly id?: string | undefined
  readonly outputs: Tensors
}

export interface TensorMetadata {
  readonly name: string
  readonly datatype: string
  /** With the batch; -1 for what varies. */
  readonly shape: readonly number[]
}

export interface ModelMetadata {
  readonly name: string
  readonly versions: readonly string[]
  readonly platform: string
  readonly inputs: readonly TensorMetadata[]
  readonly outputs: readonly TensorMetadata[]
}

/** An entry of the repository's index, an extension of Triton's that others have, too. */
export interface IndexedModel {
  readonly name: string
  readonly version: string
  readonly state: 'READY' | 'UNAVAILABLE'
}

export interface ServerMetadata {
  readonly name: string
  readonly version: string
  readonly extensions: readonly string[]
}

/** A message that cannot be read; says why. */
export class MessageError extends Error {
  override readonly name = 'MessageError'
}
