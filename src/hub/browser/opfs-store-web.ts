import type { BlobStore } from './blob-store.ts'

/** Files in the origin private file system. */
export class OpfsStore implements BlobStore {
  readonly name = 'OPFS'
  readonly #folder: FileSystemDirectoryHandle

  private constructor(folder: FileSystemDirectoryHandle) {
    this.#folder = folder
  }

  /** `undefined` where the browser has none, or none that pages can write to. */
  static async open(name: string): Promise<OpfsStore | undefined> {
    try {
      if (!('createWritable' in FileSystemFileHandle.prototype)) return undefined
      const root = await navigator.storage.getDirectory()
      return new OpfsStore(await root.getDirectoryHandle(name, { create: true }))
    } catch {
      // Not there, or forbidden: private windows, addresses that are not secure.
      return undefined
    }
  }

  async get(key: string): Promise<Blob | undefined> {
    try {
      return await (await this.#folder.getFileHandle(key)).getFile()
    } catch (error) {
      if ((error as DOMException).name === 'NotFoundError') return undefined
      throw error
    }
  }

  async set(key: string, blob: Blob): Promise<void> {
    const handle = await this.#folder.getFileHandle(key, { create: true })
    // What is written shows in the file when it is closed, all at once.
    const writable = await handle.createWritable()
    try {
      await writable.write(blob)
      await writable.close()
    } catch (error) {
      await writable.abort().catch(() => {})
      await this.delete(key)
      throw error
    }
  }

  async delete(key: string): Promise<void> {
    await this.#folder.removeEntry(key).catch((error: DOMException) => {
      if (error.name !== 'NotFoundError') throw error
    })
  }

  async keys(): Promise<string[]> {
    const keys: string[] = []
    for await (const key of (this.#folder as unknown as { keys(): AsyncIterable<string> }).keys())
      keys.push(key)
    return keys
  }
}
