import { constants } from 'node:fs'
import { type FileHandle, open, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { DownloadError } from '../../base/errors.ts'
import { makeFolder } from '../../base/files/make-folder-node.ts'
import { writeFully } from '../../base/files/write-fully-node.ts'
import { asDownloadError } from '../files/disk-error-node.ts'
import { checkDiskSpace } from '../files/disk-space-node.ts'
import type { CheckOptions } from '../files/file-check.ts'
import { type FileLock, lockFile } from '../files/file-lock-node.ts'
import { hashFile, startHash } from '../files/hash-node.ts'
import { fileSize, isErrno } from '../files/stored-file-node.ts'
import { type Auth, request } from './request-node.ts'
import type { RetryPolicy } from './retry.ts'
import { type RemoteContent, Transfer, type TransferSink } from './transfer.ts'

/** One file to fetch. */
export interface Download extends RemoteContent {
  /** Where it belongs; it is there only when it is whole and checked. */
  readonly target: string
  readonly auth?: Auth | undefined
  /** Fetch it even though it is there: what is there is damaged. */
  readonly replace?: boolean | undefined
}

/** The part of a file that has arrived so far; kept from one process to the next. */
export function partialPath(target: string): string {
  return `${target}.icthp.incomplete`
}

/**
 * Fetches a file to `target`: goes on from what an earlier try has left, tries again when a connection breaks, checks
 * size and digest, renames. Returns `false` where the file was there already (another process may have brought it).
 * Throws `DownloadError`; what has arrived is kept, unless it was wrong.
 */
export async function download(
  file: Download,
  retry: RetryPolicy,
  options: CheckOptions = {},
): Promise<boolean> {
  try {
    return await downloadOnce(file, retry, options)
  } catch (cause) {
    throw asDownloadError(cause, dirname(file.target), file.size)
  }
}

async function downloadOnce(file: Download, retry: RetryPolicy, options: CheckOptions): Promise<boolean> {
  if (await isThere(file)) return false
  const lock = await lockTarget(file.target, options.signal)
  try {
    if (await isThere(file)) return false
    const partial = partialPath(file.target)
    const old = (await fileSize(partial)) ?? 0
    if (file.size !== undefined) await checkDiskSpace(dirname(file.target), file.size - old)
    let wrong = await fetchTo(partial, file, retry, options)
    // The old part may have been the wrong one; what came in one go is the server's.
    if (wrong !== undefined && old > 0) wrong = await fetchTo(partial, file, retry, options)
    if (wrong !== undefined) throw wrong
    await rename(partial, file.target)
    return true
  } finally {
    await lock.release()
  }
}

async function lockTarget(target: string, signal: AbortSignal | undefined): Promise<FileLock> {
  const folder = dirname(target)
  try {
    await makeFolder(folder)
    return await lockFile(`${target}.icthp.lock`, signal)
  } catch (cause) {
    if (!isErrno(cause, 'EACCES', 'EPERM', 'EROFS')) throw cause
    const message = `The cache cannot be written to: ${folder}. Check its permissions, or set HF_HOME to a folder of yours.`
    throw new DownloadError('download_failed', message, { folder, cause })
  }
}

async function isThere({ target, size, replace }: Download): Promise<boolean> {
  if (replace) return false
  const found = await fileSize(target)
  return found !== undefined && (size === undefined || found === size)
}

/** Completes `partial`; returns the error, and removes the file, where its content is not what it should be. */
async function fetchTo(
  partial: string,
  file: Download,
  retry: RetryPolicy,
  options: CheckOptions,
): Promise<DownloadError | undefined> {
  const handle = await open(partial, constants.O_RDWR | constants.O_CREAT)
  let found: string
  try {
    const transfer = new Transfer(
      {
        sink: fileSink(partial, handle),
        startHash: () => startHash(file.digest?.algorithm ?? 'sha256', file.size),
        send: (headers, signal) => request(file.url, { auth: file.auth, signal, headers }),
      },
      file,
      options,
    )
    await transfer.begin()
    await transfer.complete(retry)
    await handle.sync()
    found = transfer.digest()
  } finally {
    await handle.close()
  }
  if (file.digest === undefined || found === file.digest.value) return undefined
  await rm(partial, { force: true })
  const { algorithm, value } = file.digest
  return new DownloadError(
    'download_sha256_mismatch',
    `${file.name.url} sent something else than it announced: ${algorithm} ${found}, not ${value}. It was thrown away. ` +
      'Try again; if it stays so, a proxy or mirror (HF_ENDPOINT) changes files on their way.',
    { ...file.name, algorithm, digest: found, expected: value },
  )
}

function fileSink(path: string, handle: FileHandle): TransferSink {
  return {
    size: async () => (await handle.stat()).size,
    read: async (hash, options) => void (await hashFile(path, hash, options)),
    write: (bytes, position) => writeFully(handle, bytes, position),
    clear: () => handle.truncate(0),
  }
}
