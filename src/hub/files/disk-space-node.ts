import { stat, statfs } from 'node:fs/promises'
import { dirname } from 'node:path'
import { DownloadError } from '../../base/errors.ts'

/** Throws `DownloadError` `download_no_space` where `folder` (or what will hold it) has not `bytes` to spare. */
export async function checkDiskSpace(folder: string, bytes: number): Promise<void> {
  const free = await freeBytes(folder)
  if (free !== undefined && free < bytes) throw noSpace(folder, bytes, free)
}

export function noSpace(
  folder: string,
  bytes: number | undefined,
  free?: number,
  cause?: unknown,
): DownloadError {
  const code = (cause as NodeJS.ErrnoException | undefined)?.code
  const full =
    code === 'EFBIG' || code === 'EDQUOT' ? 'is at a quota or the largest size of a file' : 'is full'
  const has = free === undefined ? full : `has ${gigabytes(free)} free`
  const needs = bytes === undefined ? 'finds no room' : `needs ${gigabytes(bytes)}`
  return new DownloadError(
    'download_no_space',
    `The download ${needs}, and the disk of ${folder} ${has}. Make room, or set HF_HOME to another disk.`,
    { folder, ...(bytes === undefined ? {} : { bytes }), ...(free === undefined ? {} : { free }), cause },
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

/** Whether both lie (or will lie) on one disk; `false` where the system does not say. */
export async function sameDisk(one: string, other: string): Promise<boolean> {
  const [first, second] = await Promise.all([one, other].map(diskOf))
  return first !== undefined && first === second
}

async function diskOf(folder: string): Promise<bigint | undefined> {
  for (let at = folder; ; at = dirname(at)) {
    const found = await stat(at, { bigint: true }).catch(() => undefined)
    if (found || dirname(at) === at) return found?.dev
  }
}

export function gigabytes(bytes: number): string {
  return bytes < 1e7 ? `${(bytes / 1e6).toFixed(1)} MB` : `${(bytes / 1e9).toFixed(2)} GB`
}
