import { constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { sleep } from './sleep.ts'

/** Why a file was not read, where the system would have let it be read. */
export class UnfitFileError extends Error {
  constructor(
    readonly reason: 'folder' | 'device' | 'too-large',
    message: string,
  ) {
    super(message)
  }
}

// A pipe's writer may be slow; asked this often, it costs nothing.
const POLL = 20

/**
 * The bytes of a file or of a pipe, `limit` at most. Never waits for what may not come: a pipe that nobody writes to is empty,
 * a device such as /dev/zero is refused. Throws `UnfitFileError`, the system's errors, and `signal.reason`.
 */
export async function readWholeFile(
  path: string | Buffer,
  limit: number,
  signal?: AbortSignal,
): Promise<Uint8Array> {
  const file = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0))
  try {
    const found = await file.stat()
    if (found.isDirectory()) throw new UnfitFileError('folder', 'it is a folder')
    if (found.isCharacterDevice() || found.isBlockDevice())
      throw new UnfitFileError('device', 'it is a device, which has no end')
    if (found.size > limit) throw tooLarge(limit)
    if (found.isFile()) return await file.readFile({ signal })
    return await readPipe(file, limit, signal)
  } finally {
    await file.close()
  }
}

async function readPipe(
  file: FileHandle,
  limit: number,
  signal: AbortSignal | undefined,
): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let length = 0
  for (;;) {
    signal?.throwIfAborted()
    const chunk = Buffer.alloc(65536)
    let bytesRead: number
    try {
      bytesRead = (await file.read(chunk, 0, chunk.length, null)).bytesRead
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error
      await sleep(POLL, signal)
      continue
    }
    if (bytesRead === 0) return Buffer.concat(chunks)
    length += bytesRead
    if (length > limit) throw tooLarge(limit)
    chunks.push(chunk.subarray(0, bytesRead))
  }
}

const tooLarge = (limit: number): UnfitFileError =>
  new UnfitFileError('too-large', `it has more than ${limit} bytes`)
