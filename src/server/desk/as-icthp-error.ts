import { BackendError, IcthpError } from '../../base/errors.ts'

/** What stands in an image's place: our errors as they are, others as what they came from. */
export function asIcthpError(error: unknown): IcthpError {
  if (error instanceof IcthpError) return error
  const said = error instanceof Error ? error.message : String(error)
  return new BackendError('backend_failed', `It could not be scored: ${said}. Try again.`, { cause: error })
}
