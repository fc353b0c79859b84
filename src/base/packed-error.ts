import * as errors from './errors.ts'

/** An error in a form that survives the way between threads and processes with its class, its fields and its causes. */
export interface PackedError {
  readonly name: string
  readonly message: string
  readonly stack?: string | undefined
  readonly code?: errors.ErrorCode
  readonly details?: Readonly<Record<string, unknown>>
  readonly cause?: PackedError
}

/** Causes that are kept, each the cause of the one before: more says nothing, and a circle has no end. */
const CAUSES = 8

export function packError(error: unknown, causes: number = CAUSES): PackedError {
  if (!(error instanceof Error)) return { name: 'Error', message: String(error) }
  const { name, message, stack, cause } = error
  return {
    name,
    message,
    stack,
    ...(error instanceof errors.IcthpError ? { code: error.code, details: error.details } : {}),
    ...(cause === undefined || causes === 0 ? {} : { cause: packError(cause, causes - 1) }),
  }
}

export function unpackError(packed: PackedError): Error {
  const error = revive(packed, packed.cause && unpackError(packed.cause))
  if (packed.stack) error.stack = packed.stack
  return error
}

function revive({ name, message, code, details }: PackedError, cause: Error | undefined): Error {
  const options = cause === undefined ? {} : { cause }
  // By the name it is exported under, which minifiers keep.
  if (code) return new (CLASSES[name] ?? errors.IcthpError)(code, message, { ...details, ...options })
  const error = new Error(message, options)
  if (name !== error.name)
    Object.defineProperty(error, 'name', { value: name, configurable: true, writable: true })
  return error
}

const CLASSES = errors as unknown as Readonly<Record<string, typeof errors.IcthpError | undefined>>
