import { createHash } from 'node:crypto'
import type { FileDigest } from '../../hub/hub.ts'
import type { OnProgress } from '../../progress.ts'
import { DataFile } from './data-file.ts'

/** Hashing this much holds the event loop about 3 ms. */
const CHUNK = 4 << 20

export interface DigestOptions {
  readonly signal?: AbortSignal | undefined
  readonly onProgress?: OnProgress | undefined
}

/**
 * Size and sha256 of a file, read in parts: the next is read while one is hashed. Throws `CheckpointError`, or the
 * signal's reason.
 */
export async function digestFile(path: string, { signal, onProgress }: DigestOptions = {}): Promise<FileDigest> {
  signal?.throwIfAborted()
  const file = await DataFile.open(path)
  try {
    const hash = createHash('sha256')
    const parts = [new Uint8Array(CHUNK), new Uint8Array(CHUNK)] as const
    const fetch = async (at: number, turn: number): Promise<Uint8Array> => {
      const part = parts[turn % 2 === 0 ? 0 : 1].subarray(0, Math.min(CHUNK, file.size - at))
      await file.readAt(part, at)
      return part
    }
    let pending = fetch(0, 0)
    for (let at = 0, turn = 0; at < file.size; at += CHUNK, turn++) {
      const part = await pending
      signal?.throwIfAborted()
      if (at + CHUNK < file.size) pending = fetch(at + CHUNK, turn + 1)
      hash.update(part)
      onProgress?.({ stage: 'verify', item: path, loaded: at + part.length, total: file.size, unit: 'bytes' })
    }
    return { size: file.size, sha256: hash.digest('hex') }
  } finally {
    await file.close()
  }
}
