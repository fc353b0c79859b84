import { constants, type Stats } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { sleep } from '../waiting/sleep.ts'

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
  const { file, found } = await openFit(path)
  try {
    if (found.size > limit) throw tooLarge(limit)
    if (found.isFile()) return await file.readFile({ signal })
    const chunks: Uint8Array[] = []
    let length = 0
    for await (const chunk of piecesOf(file, signal)) {
      length += chunk.length
      if (length > limit) throw tooLarge(limit)
      chunks.push(chunk)
    }
    return Buffer.concat(chunks)
  } finally {
    await file.close()
  }
}

/** The same as it comes, of a pipe that may stay open. */
export async function* readPieces(path: string, signal?: AbortSignal): AsyncGenerator<Uint8Array> {
  const { file } = await openFit(path)
  try {
    yield* piecesOf(file, signal)
  } finally {
    await file.close()
  }
}

async function openFit(path: string | Buffer): Promise<{ readonly file: FileHandle; readonly found: Stats }> {
  const file = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0))
  try {
    const found = await file.stat()
    if (found.isDirectory()) throw new UnfitFileError('folder', 'it is a folder')
    if (found.isCharacterDevice() || found.isBlockDevice())
      throw new UnfitFileError('device', 'it is a device, which has no end')
    return { file, found }
  } catch (error) {
    await file.close()
    throw error
  }
}

async function* piecesOf(file: FileHandle, signal: AbortSignal | undefined): AsyncGenerator<Uint8Array> {
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
    if (bytesRead === 0) return
    yield chunk.subarray(0, bytesRead)
  }
}

const tooLarge = (limit: number): UnfitFileError =>
  new UnfitFileError('too-large', `it has more than ${limit} bytes`)
