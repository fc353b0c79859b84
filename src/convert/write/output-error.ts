import { IcthpError, OutputError } from '../../base/errors.ts'
import { freeBytes, gigabytes } from '../../hub/files/disk-space-node.ts'

const REASONS: Readonly<Record<string, string>> = {
  EACCES: 'permission is denied. Change its owner or its permissions, or choose another place',
  EPERM: 'the system does not permit it. Change its owner or its permissions, or choose another place',
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

/** What the system says of writing at `where`, as an error with a code and a remedy. Others are handed back as they are. */
export function asOutputError(cause: unknown, where: string): unknown {
  if (cause instanceof IcthpError) return cause
  const { code, path } = cause as NodeJS.ErrnoException
  const at = path ?? where
  if (code === 'ENOSPC' || code === 'EDQUOT' || code === 'EFBIG') {
    const why = code === 'ENOSPC' ? 'the disk is full' : 'a quota or the largest size of a file is reached'
    return new OutputError(
      'output_no_space',
      `${at} cannot be written: ${why}. Make room, or choose another place.`,
      {
        path: at,
        cause,
      },
    )
  }
  const reason = REASONS[code ?? '']
  if (reason === undefined) return cause
  return new OutputError('output_failed', `${at} cannot be written: ${reason}.`, { path: at, cause })
}

/** Throws `OutputError` `output_no_space` where the disk of `folder` (or of what will hold it) has less than `bytes`. */
export async function checkRoom(folder: string, bytes: number): Promise<void> {
  const free = await freeBytes(folder)
  if (free === undefined || free >= bytes) return
  throw new OutputError(
    'output_no_space',
    `The model needs ${gigabytes(bytes)} or more, and the disk of ${folder} has ${gigabytes(free)} free. ` +
      'Make room, or choose another place.',
    { folder, bytes, free },
  )
}
