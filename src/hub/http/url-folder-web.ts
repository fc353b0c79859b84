import type { FileSource } from '../../backend/backend.ts'
import { DownloadError } from '../../base/errors.ts'
import type { OnProgress } from '../../base/progress.ts'
import { sleep } from '../../base/waiting/sleep.ts'
import type { BlobStore } from '../browser/blob-store.ts'
import type { FileLocks } from '../browser/file-locks.ts'
import { allRecords, ModelRecords } from '../browser/model-records.ts'
import { storedParts, totalSize } from '../browser/part-sink.ts'
import { type CheckOptions, missingFile } from '../files/file-check.ts'
import { modelPathSegments } from '../files/model-path.ts'
import type { FileDigest, ModelFolder, OpenOptions } from '../hub.ts'
import { folderFileUrl, mayUseCache, plainUrl } from '../huggingface/hub-protocol.ts'
import { download } from './download-web.ts'
import { askText, type Fetch, send } from './request-web.ts'

export interface UrlFolderOptions {
  readonly store: BlobStore
  /** Of `store`. */
  readonly locks: FileLocks
  readonly fetch: Fetch
}

/**
 * A model folder on a web server. Texts are asked for each time, and the last known are taken where the server cannot be
 * reached; files go by their sha256, and are fetched once.
 */
export class WebUrlFolder implements ModelFolder {
  readonly source: string
  readonly notes: string[] = []
  revision: string | undefined
  readonly #url: string
  readonly #store: BlobStore
  readonly #locks: FileLocks
  readonly #fetch: Fetch
  readonly #records: ModelRecords
  /** The browser's own cache may hold an older revision, which no new try would get past, and need not hold all twice. */
  readonly #cache: RequestCache = 'no-store'
  /** Bytes that are here, of each file that is wanted. */
  readonly #loaded = new Map<string, number>()
  #total = 0
  /** Of each hold, what lets go of its files. */
  readonly #holds = new Set<(() => void)[]>()

  constructor(source: string, url: string, { store, locks, fetch }: UrlFolderOptions) {
    this.source = source
    this.#url = url
    this.#store = store
    this.#locks = locks
    this.#fetch = fetch
    this.#records = new ModelRecords(store, locks, url)
    if (store.name !== 'memory') return
    this.notes.push(NOT_KEPT)
    this.#cache = 'no-cache'
  }

  async readText(path: string): Promise<string | undefined> {
    modelPathSegments(path, this.source)
    const kept = await this.#records.text(path)
    let text: string | undefined
    try {
      text = await this.#get(path)
    } catch (error) {
      if (kept === undefined || !mayUseCache(error)) throw error
      return kept
    }
    if (text !== undefined && text !== kept) await this.#records.keepText(path, text)
    // Also where it is the same: a page may have been loading what was to go.
    if (text !== undefined) await this.#dropOld(path, text)
    return text
  }

  async expect(
    files: Readonly<Record<string, FileDigest>>,
    { onProgress }: { readonly onProgress?: OnProgress | undefined } = {},
  ): Promise<void> {
    this.#loaded.clear()
    this.#total = 0
    for (const [path, { size, sha256 }] of Object.entries(files)) {
      this.#total += size
      this.#loaded.set(path, Math.min(size, totalSize(await storedParts(this.#store, sha256))))
    }
    const loaded = this.#sum()
    if (loaded < this.#total)
      onProgress?.({ stage: 'download', item: this.source, loaded, total: this.#total, unit: 'bytes' })
  }

  hold(): () => void {
    const held: (() => void)[] = []
    this.#holds.add(held)
    return () => {
      this.#holds.delete(held)
      for (const letGo of held) letGo()
    }
  }

  async file(
    path: string,
    expected: FileDigest,
    options: Omit<OpenOptions, 'revision'> = {},
  ): Promise<FileSource> {
    modelPathSegments(path, this.source)
    const { size, sha256 } = expected
    const { signal } = options
    for (const held of this.#holds) {
      const letGo = await this.#locks.use(sha256, signal)
      if (this.#holds.has(held)) held.push(letGo)
      else letGo()
    }
    const kept = await this.#kept(path, expected)
    if (kept) return { blob: kept }
    if (!this.#loaded.has(path)) this.#total += size
    const report = (loaded: number): void => {
      this.#loaded.set(path, loaded)
      options.onProgress?.({
        stage: 'download',
        item: path,
        loaded: this.#sum(),
        total: this.#total,
        unit: 'bytes',
      })
    }
    const waiting = new AbortController()
    void this.#watch(sha256, report, waiting.signal)
    try {
      const blob = await this.#locks.write(
        sha256,
        async () => {
          waiting.abort()
          // Another page may have brought it while this one waited.
          const brought = await this.#kept(path, expected)
          if (!brought)
            return this.#download(path, expected, {
              ...options,
              onProgress: (step) =>
                step.stage === 'download' ? report(step.loaded) : options.onProgress?.(step),
            })
          report(size)
          return brought
        },
        signal,
      )
      return { blob }
    } finally {
      waiting.abort()
    }
  }

  /** A file that is here, whole and checked, be it for this folder or for another with the same file. */
  async #kept(path: string, { size, sha256 }: FileDigest): Promise<Blob | undefined> {
    const record = await this.#records.file(path)
    const own = record?.complete && record.sha256 === sha256
    if (!own && !(await allRecords(this.#store)).some((other) => other.complete && other.sha256 === sha256))
      return undefined
    const parts = await storedParts(this.#store, sha256)
    if (totalSize(parts) !== size) return undefined
    if (!own) await this.#records.keepFile({ source: this.source, path, size, sha256, complete: true })
    return new Blob(parts)
  }

  /** Reports how far the page has come that writes a file, while this one waits for it. */
  async #watch(sha256: string, report: (loaded: number) => void, signal: AbortSignal): Promise<void> {
    try {
      for (const parts: Blob[] = []; ;) {
        await sleep(1000, signal)
        parts.push(...(await storedParts(this.#store, sha256, parts.length)))
        if (!signal.aborted) report(totalSize(parts))
      }
    } catch {
      // The wait is over; or the store fails, which whoever reads from it will say.
    }
  }

  async #download(path: string, { size, sha256 }: FileDigest, options: CheckOptions): Promise<Blob> {
    const url = folderFileUrl(this.#url, path)
    const record = { source: this.source, path, size, sha256 }
    await this.#records.keepFile({ ...record, complete: false })
    try {
      const sink = await download(
        this.#store,
        { path, url, size, sha256 },
        (headers, signal) => send(this.#fetch, url, { headers, signal, cache: this.#cache }),
        options,
      )
      if (sink.refused)
        this.notes.push(
          `${path} finds no room in the storage that the browser grants, and is fetched again with each visit`,
        )
      else await this.#records.keepFile({ ...record, complete: true })
      return sink.blob()
    } catch (error) {
      if (!(error instanceof DownloadError) || error.code !== 'download_not_found') throw error
      throw missingFile(plainUrl(url), {
        source: this.source,
        path,
        remedy: 'Check the address, or publish the whole folder.',
      })
    }
  }

  async #get(path: string): Promise<string | undefined> {
    const { text, commit } = await askText(this.#fetch, folderFileUrl(this.#url, path), path)
    this.revision ??= commit
    return text
  }

  /** A manifest says which files are of no use any more. */
  async #dropOld(path: string, text: string): Promise<void> {
    try {
      const { files } = JSON.parse(text) as { files?: Readonly<Record<string, FileDigest>> }
      if (files) await this.#records.dropOthers(path.slice(0, path.lastIndexOf('/') + 1), files)
    } catch {
      // Whoever reads it will say what is wrong with it.
    }
  }

  #sum(): number {
    return [...this.#loaded.values()].reduce((sum, bytes) => sum + bytes, 0)
  }
}

const NOT_KEPT = 'the browser grants this page no storage, so the model is fetched again with each visit'
