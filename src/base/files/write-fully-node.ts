import type { FileHandle } from 'node:fs/promises'

/**
 * Writes bytes to the last of them, at `position` or where the file stands. Before a limit the system writes a part; what it
 * says to the rest tells why.
 */
export async function writeFully(handle: FileHandle, bytes: Uint8Array, position?: number): Promise<void> {
  for (let done = 0; done < bytes.length;) {
    const at = position === undefined ? null : position + done
    const { bytesWritten } = await handle.write(bytes, done, bytes.length - done, at)
    // No system should, but a loop without end would be worse.
    if (bytesWritten === 0)
      throw Object.assign(new Error('no byte could be written'), { code: 'ENOSPC', syscall: 'write' })
    done += bytesWritten
  }
}
