import { randomUUID } from 'node:crypto'
import { createReadStream, type Stats } from 'node:fs'
import { link, open, readdir, rm, stat, unlink } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { DatasetError, type IcthpError } from '../../base/errors.ts'
import { makeFolder } from '../../base/files/make-folder-node.ts'
import { diskFailure } from './disk-failure.ts'
import type { ByteRange, Store, StoredObject } from './store.ts'
import { isMissing, walkFolder } from './walk-folder.ts'

/** Where files lie until they are whole. */
const DRAFTS = '.drafts'
const PIECE = 1 << 20
/** What a process that was killed has left is taken away after a day. */
const STALE_MS = 86_400_000

/** A folder. An object is written beside its place and linked there, which fails where there is one. */
export class LocalStore implements Store {
  readonly address: string
  #swept: Promise<void> | undefined

  constructor(private readonly root: string) {
    this.address = root.endsWith('/') ? root : `${root}/`
  }

  list(prefix: string, signal?: AbortSignal): AsyncIterable<StoredObject> {
    const slash = prefix.lastIndexOf('/') + 1
    const walked = {
      root: this.root,
      prefix,
      signal,
      sizeOf: (key: string) => this.size(key),
      failed: (folder: string, cause: unknown) => this.#failed(folder, cause),
    }
    return walkFolder(prefix.slice(0, slash), walked)
  }

  async size(key: string): Promise<number | undefined> {
    const found = await this.#stat(key)
    return found?.isFile() ? found.size : undefined
  }

  async read(key: string, range?: ByteRange, signal?: AbortSignal): Promise<Uint8Array | undefined> {
    try {
      const file = await open(join(this.root, key))
      try {
        if (!range) return await file.readFile({ signal })
        const bytes = new Uint8Array(Math.max(0, range.end - range.start))
        let done = 0
        while (done < bytes.length) {
          const { bytesRead } = await file.read(bytes, done, bytes.length - done, range.start + done)
          if (bytesRead === 0) break
          done += bytesRead
        }
        return bytes.subarray(0, done)
      } finally {
        await file.close()
      }
    } catch (cause) {
      signal?.throwIfAborted()
      if (isMissing(cause)) return undefined
      throw this.#failed(key, cause)
    }
  }

  async *stream(key: string, range?: ByteRange, signal?: AbortSignal): AsyncIterable<Uint8Array> {
    if (range && range.end <= range.start) return
    try {
      yield* createReadStream(join(this.root, key), {
        highWaterMark: PIECE,
        ...(range ? { start: range.start, end: range.end - 1 } : {}),
        ...(signal ? { signal } : {}),
      }) as AsyncIterable<Uint8Array>
    } catch (cause) {
      signal?.throwIfAborted()
      throw this.#failed(key, cause)
    }
  }

  async create(key: string, bytes: Uint8Array): Promise<boolean> {
    const path = await this.draft()
    try {
      const file = await open(path, 'wx')
      try {
        await file.writeFile(bytes)
        await file.sync()
      } finally {
        await file.close()
      }
    } catch (cause) {
      await rm(path, { force: true })
      throw this.#failed(key, cause)
    }
    return this.#link(key, path)
  }

  async createFromFile(key: string, path: string): Promise<boolean> {
    try {
      const file = await open(path, 'r+')
      try {
        await file.sync()
      } finally {
        await file.close()
      }
    } catch (cause) {
      throw this.#failed(key, cause)
    }
    return this.#link(key, path)
  }

  async draft(): Promise<string> {
    const folder = join(this.root, DRAFTS)
    try {
      await makeFolder(folder)
    } catch (cause) {
      throw this.#failed(DRAFTS, cause)
    }
    await (this.#swept ??= this.#sweep(folder))
    return join(folder, randomUUID())
  }

  async #sweep(folder: string): Promise<void> {
    for (const name of await readdir(folder).catch(() => [])) {
      const path = join(folder, name)
      const found = await stat(path).catch(() => undefined)
      if (found && Date.now() - found.mtimeMs > STALE_MS) await rm(path, { force: true })
    }
  }

  /** A link is made in one step and never over another, on network file systems too. */
  async #link(key: string, path: string): Promise<boolean> {
    const target = join(this.root, key)
    try {
      await makeFolder(dirname(target))
      await link(path, target)
      return true
    } catch (cause) {
      const { code } = cause as NodeJS.ErrnoException
      if (code === 'EEXIST') return false
      if (code === 'EPERM' || code === 'ENOTSUP' || code === 'ENOSYS') throw noLinks(this.address, cause)
      throw this.#failed(key, cause)
    } finally {
      await unlink(path).catch(() => undefined)
    }
  }

  async renew(key: string, bytes: Uint8Array): Promise<boolean> {
    try {
      // Written, not touched: then the time is the file server's.
      const file = await open(join(this.root, key), 'r+')
      try {
        await file.write(bytes, 0, bytes.length, 0)
        await file.truncate(bytes.length)
      } finally {
        await file.close()
      }
      return true
    } catch (cause) {
      if (isMissing(cause)) return false
      throw this.#failed(key, cause)
    }
  }

  async age(key: string): Promise<number | undefined> {
    const found = await this.#stat(key)
    if (!found) return undefined
    const path = await this.draft()
    try {
      const clock = await open(path, 'wx')
      try {
        await clock.write('now')
        return (await clock.stat()).mtimeMs - found.mtimeMs
      } finally {
        await clock.close()
      }
    } catch (cause) {
      throw this.#failed(DRAFTS, cause)
    } finally {
      await rm(path, { force: true })
    }
  }

  async remove(key: string): Promise<void> {
    try {
      await rm(join(this.root, key), { force: true })
    } catch (cause) {
      throw this.#failed(key, cause)
    }
  }

  async #stat(key: string): Promise<Stats | undefined> {
    try {
      return await stat(join(this.root, key))
    } catch (cause) {
      if (isMissing(cause)) return undefined
      throw this.#failed(key, cause)
    }
  }

  #failed(key: string, cause: unknown): IcthpError {
    return diskFailure(join(this.root, key), cause, { store: this.address, key })
  }
}

const noLinks = (address: string, cause: unknown): DatasetError =>
  new DatasetError(
    'dataset_store_unsafe',
    `${address} is on a file system without hard links, so nothing there can be written exactly once. Choose another place for ` +
      '--out, or an s3:// address.',
    { store: address, cause },
  )
