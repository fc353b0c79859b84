import type { FileSource } from '../backend/backend.ts'
import { Deadline } from '../deadline.ts'
import { DownloadError } from '../errors.ts'
import type { OnProgress } from '../progress.ts'
import { DEFAULT_RETRY } from './download/retry.ts'
import { Transfer } from './download/transfer.ts'
import { missingFile } from './file-check.ts'
import type { FileDigest, ModelFolder, OpenOptions } from './hub.ts'
import { folderFileUrl, mayUseCache, plainUrl, responseError } from './huggingface/hub-protocol.ts'
import { modelPathSegments } from './model-path.ts'
import { startSha256 } from './sha256.ts'
import type { BlobStore } from './store/blob-store.ts'
import { ModelRecords } from './store/model-records.ts'
import { PartSink, storedParts, totalSize } from './store/part-sink.ts'

export type Fetch = (url: string, init: RequestInit) => Promise<Response>

// A question is small; a server that is slower is as good as down, and what is kept may do.
const TEXT_TIMEOUT = 10_000

export interface UrlFolderOptions {
  readonly store: BlobStore
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
  readonly #fetch: Fetch
  readonly #records: ModelRecords
  /** Bytes that are here, of each file that is wanted. */
  readonly #loaded = new Map<string, number>()
  #total = 0

  constructor(source: string, url: string, { store, fetch }: UrlFolderOptions) {
    this.source = source
    this.#url = url
    this.#store = store
    this.#fetch = fetch
    this.#records = new ModelRecords(store, url)
    if (store.name === 'memory') this.notes.push(NOT_KEPT)
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
    if (text !== undefined && text !== kept) {
      await this.#records.keepText(path, text)
      await this.#dropOld(path, text)
    }
    return text
  }

  async expect(files: Readonly<Record<string, FileDigest>>, { onProgress }: { readonly onProgress?: OnProgress | undefined } = {}): Promise<void> {
    this.#loaded.clear()
    this.#total = 0
    for (const [path, { size, sha256 }] of Object.entries(files)) {
      this.#total += size
      this.#loaded.set(path, Math.min(size, totalSize(await storedParts(this.#store, sha256))))
    }
    const loaded = this.#sum()
    if (loaded < this.#total) onProgress?.({ stage: 'download', item: this.source, loaded, total: this.#total, unit: 'bytes' })
  }

  async file(path: string, expected: FileDigest, options: Omit<OpenOptions, 'revision'> = {}): Promise<FileSource> {
    modelPathSegments(path, this.source)
    const { size, sha256 } = expected
    const known = await this.#records.file(path)
    if (known?.complete && known.sha256 === sha256) {
      const parts = await storedParts(this.#store, sha256)
      if (totalSize(parts) === size) return { blob: new Blob(parts) }
    }
    if (!this.#loaded.has(path)) this.#total += size
    return { blob: await this.#download(path, expected, options) }
  }

  async #download(path: string, expected: FileDigest, options: Omit<OpenOptions, 'revision'>): Promise<Blob> {
    const { size, sha256 } = expected
    const url = folderFileUrl(this.#url, path)
    const name = { path, url: plainUrl(url) }
    const record = { source: this.source, path, size, sha256 }
    const onProgress: OnProgress = (progress) => {
      if (progress.stage !== 'download') return options.onProgress?.(progress)
      this.#loaded.set(path, progress.loaded)
      options.onProgress?.({ ...progress, loaded: this.#sum(), total: this.#total })
    }
    await this.#records.keepFile({ ...record, complete: false })
    const sink = new PartSink(this.#store, sha256)
    const send = (headers: Readonly<Record<string, string>>, signal: AbortSignal): Promise<Response> => this.#send(url, { headers, signal })
    const file = { url, name, item: path, size, digest: { algorithm: 'sha256', value: sha256 } } as const
    const fetchAll = async (): Promise<string> => {
      const transfer = new Transfer({ sink, send, startHash: startSha256 }, file, { signal: options.signal, onProgress })
      try {
        await transfer.begin()
        await transfer.complete(DEFAULT_RETRY)
      } catch (error) {
        if (!(error instanceof DownloadError) || error.code !== 'download_not_found') throw error
        throw missingFile(name.url, { source: this.source, path, remedy: 'Check the address, or publish the whole folder.' })
      } finally {
        await sink.flush()
      }
      return transfer.digest()
    }
    const resumed = (await storedParts(this.#store, sha256)).length > 0
    let found = await fetchAll()
    if (found !== sha256) {
      await sink.clear()
      // The old part may have been the wrong one; what came in one go is the server's.
      if (resumed) found = await fetchAll()
    }
    if (found !== sha256) {
      await sink.clear()
      throw new DownloadError(
        'download_sha256_mismatch',
        `${name.url} sends something else than its manifest means: sha256 ${found}, not ${sha256}. It was thrown away. Try again; if ` +
          'it stays so, the folder was published in part, or something on the way changes files.',
        { ...name, digest: found, expected: sha256 },
      )
    }
    if (sink.refused) this.notes.push(`${path} finds no room in the storage that the browser grants, and is fetched again with each visit`)
    else await this.#records.keepFile({ ...record, complete: true })
    return sink.blob()
  }

  async #get(path: string): Promise<string | undefined> {
    const url = folderFileUrl(this.#url, path)
    const deadline = new Deadline(TEXT_TIMEOUT)
    try {
      const response = await this.#send(url, { cache: 'no-cache', signal: deadline.signal })
      this.revision ??= response.headers.get('x-repo-commit') ?? undefined
      // Servers of single-page applications answer with the page where there is no such file.
      const page = path.endsWith('.json') && response.headers.get('content-type')?.startsWith('text/html')
      if (page || response.status === 404 || response.status === 410) return undefined
      if (!response.ok) throw responseError(response.status, response.headers, { path, url: plainUrl(url) }, false)
      return await response.text()
    } catch (cause) {
      if (cause instanceof DownloadError) throw cause
      throw unreachable(url, cause)
    } finally {
      deadline.end()
    }
  }

  async #send(url: string, init: RequestInit): Promise<Response> {
    try {
      return await this.#fetch(url, init)
    } catch (cause) {
      init.signal?.throwIfAborted()
      throw unreachable(url, cause)
    }
  }

  /** A manifest that has changed says which files are of no use any more. */
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

function unreachable(url: string, cause: unknown): DownloadError {
  return new DownloadError(
    'download_failed',
    `No answer from ${new URL(url).host} (${(cause as Error).message}). Check the network, and that the server allows this page ` +
      'to read it (CORS: Access-Control-Allow-Origin).',
    { url: plainUrl(url), cause },
  )
}
