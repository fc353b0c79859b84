import * as errors from '../../base/errors.ts'
import type { Tensors } from '../backend.ts'

/** What the main thread asks of the worker that holds onnxruntime-node. */
export type OrtRequest = { readonly id: number } & (
  | { readonly kind: 'probe'; readonly device: string }
  | {
      readonly kind: 'load'
      readonly session: number
      readonly path: string
      readonly device: string
      readonly threads?: number | undefined
      readonly once?: boolean | undefined
    }
  | { readonly kind: 'run'; readonly session: number; readonly inputs: Tensors }
  | { readonly kind: 'release'; readonly session: number }
)

export interface OrtReply {
  readonly id: number
  readonly ok?:
    undefined | { readonly milliseconds: number } | { readonly outputs: Tensors } | Record<never, never>
  readonly error?: PackedError
}

export interface OrtWorkerData {
  /** Path of onnxruntime-node's entry file. */
  readonly entry: string
}

/** An error in a form that survives the way between threads with its class and fields. */
export interface PackedError {
  readonly name: string
  readonly message: string
  readonly stack?: string | undefined
  readonly code?: errors.ErrorCode
  readonly details?: Readonly<Record<string, unknown>>
}

export function packError(error: unknown): PackedError {
  if (!(error instanceof Error)) return { name: 'Error', message: String(error) }
  const { name, message, stack } = error
  return error instanceof errors.IcthpError
    ? { name, message, stack, code: error.code, details: error.details }
    : { name, message, stack }
}

export function unpackError(packed: PackedError): Error {
  // By the name it is exported under, which minifiers keep.
  const Class =
    (errors as unknown as Readonly<Record<string, typeof errors.IcthpError>>)[packed.name] ??
    errors.IcthpError
  const error = packed.code
    ? new Class(packed.code, packed.message, { ...packed.details })
    : new Error(packed.message)
  if (packed.stack) error.stack = packed.stack
  return error
}
