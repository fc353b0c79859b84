import { sha256Hex } from '../sha256.ts'
import type { FileDigest } from '../hub.ts'
import type { BlobStore } from './blob-store.ts'
import { deleteParts } from './part-sink.ts'

/** What a store holds of one model folder's file. */
export interface FileRecord extends FileDigest {
  /** The folder as the user named it first. */
  readonly source: string
  readonly folder: string
  readonly path: string
  /** Whether it is whole and its sha256 was checked. */
  readonly complete: boolean
}

/**
 * What a store knows of one model folder: texts as last read, and which files are there; each in an entry of its own, so
 * that pages that load at the same time do not overwrite each other's news.
 */
export class ModelRecords {
  readonly #store: BlobStore
  readonly #folder: string
  readonly #id: string

  /** `folder`: the address of the folder, which its records go by. */
  constructor(store: BlobStore, folder: string) {
    this.#store = store
    this.#folder = folder
    this.#id = sha256Hex(folder).slice(0, 16)
  }

  async text(path: string): Promise<string | undefined> {
    return (await this.#store.get(this.#key('text', path)))?.text()
  }

  async keepText(path: string, text: string): Promise<void> {
    // A text that finds no room is fetched again next time.
    await this.#store.set(this.#key('text', path), new Blob([text])).catch(() => {})
  }

  async file(path: string): Promise<FileRecord | undefined> {
    return readRecord(this.#store, this.#key('file', path))
  }

  async keepFile(record: Omit<FileRecord, 'folder'>): Promise<void> {
    const old = await this.file(record.path)
    await this.#store.set(this.#key('file', record.path), new Blob([JSON.stringify({ ...record, folder: this.#folder })])).catch(() => {})
    if (old && old.sha256 !== record.sha256) await dropUnused(this.#store, old.sha256)
  }

  /** Drops the files below `base` that a new manifest no longer means. */
  async dropOthers(base: string, files: Readonly<Record<string, FileDigest>>): Promise<void> {
    const prefix = this.#key('file', base)
    for (const key of await this.#store.keys()) {
      if (!key.startsWith(prefix)) continue
      const record = await readRecord(this.#store, key)
      if (!record || files[record.path.slice(base.length)]?.sha256 === record.sha256) continue
      await this.#store.delete(key)
      await dropUnused(this.#store, record.sha256)
    }
  }

  #key(kind: 'text' | 'file', path: string): string {
    return `${kind}-${this.#id}-${encodeURIComponent(path)}`
  }
}

/** Every file that a store holds, of all models. */
export async function allRecords(store: BlobStore): Promise<FileRecord[]> {
  const keys = (await store.keys()).filter((key) => key.startsWith('file-'))
  const records = await Promise.all(keys.map((key) => readRecord(store, key)))
  return records.filter((record) => record !== undefined)
}

async function dropUnused(store: BlobStore, sha256: string): Promise<void> {
  if ((await allRecords(store)).every((record) => record.sha256 !== sha256)) await deleteParts(store, sha256)
}

async function readRecord(store: BlobStore, key: string): Promise<FileRecord | undefined> {
  const text = await (await store.get(key))?.text()
  try {
    return text === undefined ? undefined : (JSON.parse(text) as FileRecord)
  } catch {
    return undefined
  }
}
