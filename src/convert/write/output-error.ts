import { CheckpointError, IcthpError, OutputError } from '../../base/errors.ts'
import { diskReason, isOutOfSpace } from '../../hub/files/disk-error-node.ts'
import { freeBytes, gigabytes } from '../../hub/files/disk-space-node.ts'

/** What the system says of writing at `where`, as an error with a code and a remedy. Others are handed back as they are. */
export function asOutputError(cause: unknown, where: string): unknown {
  if (cause instanceof IcthpError) return cause
  const { code, path, syscall } = cause as NodeJS.ErrnoException
  const at = path ?? where
  if (isOutOfSpace(cause)) {
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
  if (syscall === 'read') {
    const message = `A file of the checkpoint cannot be read: ${(cause as Error).message}. Check its disk.`
    return new CheckpointError('checkpoint_unreadable', message, { cause })
  }
  const reason = diskReason(cause)
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
