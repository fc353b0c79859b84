import { createHash } from 'node:crypto'
import { open, stat } from 'node:fs/promises'
import { ByteProgress } from '../http/byte-progress.ts'
import { asReadError } from './disk-error-node.ts'
import type { StoredFile } from './file-check.ts'
import { hashFile } from './hash-node.ts'

/** A file on disk for `checkFile`. `item` is what its progress is called. */
export function storedFile(path: string, item: string): StoredFile {
  const readable = <T>(reading: Promise<T>): Promise<T> =>
    reading.catch((cause: unknown) => {
      throw asReadError(cause, path)
    })
  return {
    where: path,
    size: () => readable(fileSize(path)),
    head: (bytes) => readable(readHead(path, bytes)),
    async sha256({ signal, onProgress }) {
      const hash = createHash('sha256')
      const progress = new ByteProgress(onProgress, 'verify', item, await fileSize(path))
      await readable(hashFile(path, hash, { signal, progress }))
      return hash.digest('hex')
    },
  }
}

async function readHead(path: string, bytes: number): Promise<string> {
  const file = await open(path)
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(bytes), 0, bytes, 0)
    return buffer.toString('latin1', 0, bytesRead)
  } finally {
    await file.close()
  }
}

/** Bytes of a file, links followed; `undefined` where there is none (or a folder, or a dangling link). */
export async function fileSize(path: string): Promise<number | undefined> {
  try {
    const found = await stat(path)
    return found.isFile() ? found.size : undefined
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR')) return undefined
    throw error
  }
}

export function isErrno(error: unknown, ...codes: string[]): boolean {
  return codes.includes((error as NodeJS.ErrnoException | undefined)?.code ?? '')
}
