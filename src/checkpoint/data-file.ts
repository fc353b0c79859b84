import { constants } from 'node:fs'
import { type FileHandle, open, stat } from 'node:fs/promises'
import { CheckpointError } from '../base/errors.ts'
import { notFound, truncated, unreadable } from './checkpoint-error.ts'

/**
 * A file read at positions, never whole. Sizes and positions past 4 GB are plain numbers: Node's file handles take them,
 * where `fs.openAsBlob` of Node 20 cuts them to 32 bits.
 */
export class DataFile {
  readonly path: string
  /** Bytes. */
  readonly size: number
  readonly #handle: FileHandle
  #closed = false

  private constructor(path: string, size: number, handle: FileHandle) {
    this.path = path
    this.size = size
    this.#handle = handle
  }

  /** Throws `CheckpointError` `checkpoint_not_found` or `checkpoint_unreadable`; at once, whatever `path` is. */
  static async open(path: string): Promise<DataFile> {
    let handle: FileHandle | undefined
    try {
      // A device may act on being opened, and a pipe waits for a writer: both are looked at first, and a pipe that has come
      // in between does not wait.
      if (!(await stat(path)).isFile()) throw irregular(path)
      handle = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0))
      const found = await handle.stat()
      if (!found.isFile()) throw irregular(path)
      return new DataFile(path, found.size, handle)
    } catch (cause) {
      await handle?.close()
      if (cause instanceof CheckpointError) throw cause
      if ((cause as NodeJS.ErrnoException).code === 'ENOENT')
        throw notFound(path, 'there is no such file.', { cause })
      throw unreadable(path, 'the system refuses to open it; check its permissions.', { cause })
    }
  }

  /** Fills `target` from `position` on. Throws `CheckpointError` `checkpoint_truncated` where the file ends before. */
  async readAt(target: Uint8Array, position: number): Promise<void> {
    for (let done = 0; done < target.length;) {
      const { bytesRead } = await this.#handle.read(target, done, target.length - done, position + done)
      if (bytesRead === 0) {
        throw truncated(
          this.path,
          `bytes ${position} to ${position + target.length} are announced, it has ${this.size}`,
          {
            position,
            length: target.length,
            size: this.size,
          },
        )
      }
      done += bytesRead
    }
  }

  /** The bytes from `position` on: `length` of them, or fewer at the end of the file. */
  async bytes(position: number, length: number): Promise<Buffer> {
    const target = Buffer.allocUnsafeSlow(Math.max(0, Math.min(length, this.size - position)))
    await this.readAt(target, position)
    return target
  }

  /** Idempotent. */
  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    await this.#handle.close()
  }
}

function irregular(path: string): CheckpointError {
  return unreadable(path, 'it is not a regular file. Give a file, not a folder, a pipe or a device.')
}
