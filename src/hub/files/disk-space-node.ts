import { statfs } from 'node:fs/promises'
import { dirname } from 'node:path'
import { DownloadError } from '../../base/errors.ts'

/** Throws `DownloadError` `download_no_space` where `folder` (or what will hold it) has not `bytes` to spare. */
export async function checkDiskSpace(folder: string, bytes: number): Promise<void> {
  const free = await freeBytes(folder)
  if (free !== undefined && free < bytes) throw noSpace(folder, bytes, free)
}

export function noSpace(folder: string, bytes: number, free?: number, cause?: unknown): DownloadError {
  const has = free === undefined ? 'is full' : `has ${gigabytes(free)} free`
  return new DownloadError(
    'download_no_space',
    `The download needs ${gigabytes(bytes)}, and the disk of ${folder} ${has}. Make room, or set HF_HOME to another disk.`,
    { folder, bytes, ...(free === undefined ? {} : { free }), cause },
  )
}

/** `undefined` where the system does not say. */
export async function freeBytes(folder: string): Promise<number | undefined> {
  for (let at = folder; ; at = dirname(at)) {
    try {
      const { bavail, bsize } = await statfs(at)
      return bavail * bsize
    } catch {
      if (dirname(at) === at) return undefined
    }
  }
}

export function gigabytes(bytes: number): string {
  return bytes < 1e7 ? `${(bytes / 1e6).toFixed(1)} MB` : `${(bytes / 1e9).toFixed(2)} GB`
}
