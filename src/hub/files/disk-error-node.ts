import { DownloadError, IcthpError, ModelError } from '../../base/errors.ts'
import { noSpace } from './disk-space-node.ts'

const OTHER_PLACE = 'or choose another place'
/** Why the system does not write, with what to do; sentences without their start and end. */
const REASONS: Readonly<Record<string, string>> = {
  EACCES: `permission is denied. Change its owner or its permissions, ${OTHER_PLACE}`,
  EPERM: `the system does not permit it. Change its owner or its permissions, ${OTHER_PLACE}`,
  EROFS: 'its disk is mounted read-only. Choose another place',
  ENOTDIR: 'a part of the path is a file, not a folder. Choose another place',
  EEXIST: 'a file is there, not a folder. Choose another place',
  EISDIR: 'a folder is there, not a file. Choose another place',
  ENAMETOOLONG: 'the path is too long. Choose a shorter one',
  ELOOP: 'its links lead in a circle. Choose another place',
  EBUSY: 'it is in use by another program. Close that, and try again',
  EMFILE: 'too many files are open. Raise the limit (ulimit -n), and try again',
  ENFILE: 'too many files are open on this machine. Try again later',
  EIO: 'the disk reports an error. Check it, or choose another one',
  EXDEV: 'it is spread over two disks. Choose a place on one',
}

/** What the system says, with a remedy; `undefined` where it was not the system that failed. */
export function diskReason(cause: unknown): string | undefined {
  const { code, syscall, message } = (cause ?? {}) as NodeJS.ErrnoException
  const known = REASONS[code ?? '']
  return known ?? (code && syscall ? `${message}. Check its disk, ${OTHER_PLACE}` : undefined)
}

export const isOutOfSpace = (cause: unknown): boolean =>
  ['ENOSPC', 'EDQUOT', 'EFBIG'].includes((cause as NodeJS.ErrnoException | undefined)?.code ?? '')

/** What the system says of keeping a download at `where`, as an error with a code. Others are handed back as they are. */
export function asDownloadError(cause: unknown, where: string, bytes?: number): unknown {
  if (cause instanceof IcthpError) return cause
  if (isOutOfSpace(cause)) return noSpace(where, bytes, undefined, cause)
  const reason = diskReason(cause)
  if (reason === undefined) return cause
  const at = (cause as NodeJS.ErrnoException).path ?? where
  return new DownloadError('download_failed', `${at} cannot be written: ${reason} (HF_HOME, ICTHP_CACHE).`, {
    path: at,
    cause,
  })
}

const DENIED = 'permission is denied. Change its permissions'
const UNREADABLE: Readonly<Record<string, string>> = {
  EACCES: DENIED,
  EPERM: DENIED,
  EISDIR: 'it is a folder, not a file. Copy the model again',
}

/** As {@link asDownloadError}, of reading a file of a model. */
export function asReadError(cause: unknown, path: string): unknown {
  if (cause instanceof IcthpError) return cause
  const { code, message, syscall } = (cause ?? {}) as NodeJS.ErrnoException
  if (code === undefined || syscall === undefined) return cause
  const why = UNREADABLE[code] ?? `${message}. Check its disk`
  return new ModelError('model_file_missing', `${path} cannot be read: ${why}.`, { where: path, cause })
}
