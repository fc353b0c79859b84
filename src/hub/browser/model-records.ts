import { sha256Hex } from '../files/sha256.ts'
import type { FileDigest } from '../hub.ts'
import type { BlobStore } from './blob-store.ts'
import type { FileLocks } from './file-locks.ts'
import { deleteParts, partOwner } from './part-sink.ts'

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
  readonly #locks: FileLocks
  readonly #folder: string
  readonly #id: string

  /** `folder`: the address of the folder, which its records go by. */
  constructor(store: BlobStore, locks: FileLocks, folder: string) {
    this.#store = store
    this.#locks = locks
    this.#folder = folder
    this.#id = sha256Hex(folder).slice(0, 16)
  }

  async text(path: string): Promise<string | undefined> {
    return readText(this.#store, this.#key('text', path))
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
    await this.#store
      .set(this.#key('file', record.path), new Blob([JSON.stringify({ ...record, folder: this.#folder })]))
      .catch(() => {})
    if (old && old.sha256 !== record.sha256) await this.#dropUnused(old.sha256)
  }

  /** Drops the files below `base` that a manifest no longer means, and parts that are nobody's; not what a page is loading. */
  async dropOthers(base: string, files: Readonly<Record<string, FileDigest>>): Promise<void> {
    const prefix = this.#key('file', base)
    const keys = await this.#store.keys()
    // Other models may lie in other folders below it.
    const top = (path: string): string => path.slice(0, path.indexOf('/') + 1)
    const tops = new Set(Object.keys(files).map(top))
    for (const key of keys) {
      if (!key.startsWith(prefix)) continue
      const record = await readRecord(this.#store, key)
      const path = record?.path.slice(base.length)
      if (!record || !tops.has(top(path!)) || files[path!]?.sha256 === record.sha256) continue
      await this.#dropUnused(record.sha256, key)
    }
    const known = new Set((await allRecords(this.#store)).map(({ sha256 }) => sha256))
    const owners = new Set(keys.map(partOwner))
    for (const sha256 of owners)
      if (sha256 !== undefined && !known.has(sha256)) await this.#dropUnused(sha256)
  }

  /** Drops the record `key`, and the parts if no other record means them. */
  async #dropUnused(sha256: string, key?: string): Promise<void> {
    await this.#locks.drop(sha256, async () => {
      if (key !== undefined) await this.#store.delete(key)
      if ((await allRecords(this.#store)).every((record) => record.sha256 !== sha256))
        await deleteParts(this.#store, sha256)
    })
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

/** Drops all of all models, but for the files that a page is loading. */
export async function dropAll(store: BlobStore, locks: FileLocks): Promise<void> {
  const ofFile = new Map<string, string[]>()
  for (const key of await store.keys()) {
    if (!/^(part|file|text)-/.test(key)) continue
    const sha256 =
      partOwner(key) ?? (key.startsWith('file-') ? (await readRecord(store, key))?.sha256 : undefined)
    if (sha256 === undefined) await store.delete(key)
    else ofFile.set(sha256, [...(ofFile.get(sha256) ?? []), key])
  }
  for (const [sha256, keys] of ofFile) {
    await locks.drop(sha256, async () => {
      for (const key of keys) await store.delete(key)
    })
  }
}

async function readRecord(store: BlobStore, key: string): Promise<FileRecord | undefined> {
  const text = await readText(store, key)
  try {
    return text === undefined ? undefined : (JSON.parse(text) as FileRecord)
  } catch {
    return undefined
  }
}

/** Browsers refuse to read a file that another page has written since it was opened: it is opened anew then. */
async function readText(store: BlobStore, key: string): Promise<string | undefined> {
  for (let tries = 1; ; tries++) {
    const blob = await store.get(key)
    try {
      return await blob?.text()
    } catch (error) {
      if (tries === 5 || !/^Not(Readable|Found)Error$/.test((error as Error).name)) throw error
    }
  }
}
