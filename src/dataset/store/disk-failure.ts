import { DatasetError, IcthpError } from '../../base/errors.ts'
import { isOutOfSpace } from '../../hub/files/disk-error-node.ts'

/** What the system says of a file of this machine, as an error with a code and a remedy. */
export function diskFailure(
  path: string,
  cause: unknown,
  details: Readonly<Record<string, unknown>> = {},
): IcthpError {
  if (cause instanceof IcthpError) return cause
  const { code, message } = cause as NodeJS.ErrnoException
  const why = code === undefined ? message : `${code}: ${message.replace(/^\w+: /, '')}`
  const told = isOutOfSpace(cause)
    ? 'cannot be written: the disk is full. Make room; what is done stays, and the same command does the rest'
    : `cannot be read or written (${why}). Check the folder, its permissions and the space that is left`
  return new DatasetError('dataset_store_failed', `${path} ${told}.`, { ...details, reason: code, cause })
}
