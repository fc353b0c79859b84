import type { FileSource } from '../../backend/backend.ts'
import { DownloadError, show } from '../../base/errors.ts'
import { asDownloadError } from '../files/disk-error-node.ts'
import {
  checkFile,
  type CheckOptions,
  type FileOrigin,
  missingFile,
  wrongSha256,
} from '../files/file-check.ts'
import { readTextFile } from '../files/folder-node.ts'
import { modelPathSegments } from '../files/model-path.ts'
import { fileSize, storedFile } from '../files/stored-file-node.ts'
import { download } from '../http/download-node.ts'
import type { FileDigest, ModelFolder, OpenOptions } from '../hub.ts'
import { CachedRepository } from './hub-cache-node.ts'
import { HubClient, offlineError } from './hub-client-node.ts'
import { mayUseCache, type RemoteFile } from './hub-protocol.ts'
import type { HubSettings } from './hub-settings-node.ts'

/** A file of the repository on this machine. */
export interface FetchedFile {
  readonly path: string
  /** Whether this call downloaded (and so checked) it. */
  readonly fetched: boolean
}

/** One commit of a hub repository, seen through the Hugging Face cache: what is cached is used, what is not is fetched. */
export class HubRepository implements ModelFolder {
  readonly source: string
  /** The commit. */
  readonly revision: string
  readonly repository: string
  readonly cache: CachedRepository
  readonly #asked: string
  readonly #client: HubClient
  readonly #settings: HubSettings

  private constructor(
    source: string,
    repository: string,
    asked: string,
    commit: string,
    client: HubClient,
    settings: HubSettings,
  ) {
    this.source = source
    this.repository = repository
    this.revision = commit
    this.cache = new CachedRepository(settings.cacheDir, repository)
    this.#asked = asked
    this.#client = client
    this.#settings = settings
  }

  /**
   * Asks which commit `revision` (default `main`) stands for; where the hub cannot be reached, the last known one.
   * Throws `DownloadError`.
   */
  static async open(
    source: string,
    repository: string,
    settings: HubSettings,
    options: OpenOptions = {},
  ): Promise<HubRepository> {
    const client = new HubClient(settings)
    const asked = options.revision ?? 'main'
    if (
      asked.split('/').some((part) => part === '' || part === '..' || part === '.') ||
      /[\\\0]/.test(asked)
    ) {
      const message = `${show(asked)} is not a revision: name a branch, a tag or a commit.`
      throw new DownloadError('download_not_found', message, {
        repository,
        revision: asked,
        missing: 'revision',
      })
    }
    const cache = new CachedRepository(settings.cacheDir, repository)
    const known = await cache.readRef(asked)
    if (settings.offline && (known === undefined || !(await cache.hasSnapshot(known)))) {
      throw offlineError({ repository, revision: asked, url: client.pageUrl(repository) })
    }
    let commit = known
    if (commit !== asked) {
      try {
        commit = await client.commit(repository, asked, known !== undefined, {
          signal: options.signal,
          onProgress: options.onProgress,
        })
      } catch (error) {
        if (known === undefined || !mayUseCache(error)) throw error
      }
    }
    return new HubRepository(source, repository, asked, commit!, client, settings)
  }

  async readText(path: string): Promise<string | undefined> {
    modelPathSegments(path, this.source)
    const cached = await readTextFile(this.cache.filePath(this.revision, path))
    if (cached !== undefined) return cached
    // Offline, what is not cached is as good as not there; `open` has seen to it that the commit is known.
    if (this.#settings.offline) return undefined
    try {
      return await readTextFile((await this.fetch(path)).path)
    } catch (error) {
      if (isMissingFile(error)) return undefined
      throw error
    }
  }

  async file(
    path: string,
    expected: FileDigest,
    options: Omit<OpenOptions, 'revision'> = {},
  ): Promise<FileSource> {
    modelPathSegments(path, this.source)
    const at = this.cache.filePath(this.revision, path)
    const remedy = `Delete ${at} and the blob that it links to, then load again.`
    const origin: FileOrigin = { source: this.source, path, remedy }
    const known =
      (await fileSize(at)) === undefined ? await this.#announced(path, origin, options) : undefined
    if (known?.digest?.algorithm === 'sha256' && known.digest.value !== expected.sha256) {
      const other = { ...origin, remedy: 'Name another revision, or tell those who publish the model.' }
      throw wrongSha256(
        this.#client.fileUrl(this.repository, this.revision, path),
        known.digest.value,
        expected,
        other,
      )
    }
    const { fetched } = await this.fetch(path, options, known)
    const checked = fetched && known?.digest?.algorithm === 'sha256'
    if (checked) return { path: at }
    try {
      await checkFile(storedFile(at, path), expected, origin, options)
    } catch (error) {
      const file = await this.#mendable(path, expected, options)
      if (file === undefined) throw error
      await this.mend(path, file, options)
      await checkFile(storedFile(at, path), expected, origin, options)
    }
    return { path: at }
  }

  /** What the hub says of a file. Throws `DownloadError`. */
  async describe(path: string, { signal, onProgress }: CheckOptions = {}): Promise<RemoteFile> {
    return this.#client.file(this.repository, this.revision, path, { signal, onProgress })
  }

  /**
   * Brings a file into the cache, unless it is there (with the size in `known`, where that is given).
   * Throws `DownloadError`. A file that was there already is not hashed.
   */
  async fetch(path: string, options: CheckOptions = {}, known?: RemoteFile): Promise<FetchedFile> {
    const at = this.cache.filePath(this.revision, path)
    const size = await fileSize(at)
    if (size !== undefined && (known?.size === undefined || known.size === size)) {
      await this.#remember()
      return { path: at, fetched: false }
    }
    const file = known ?? (await this.describe(path, options))
    const fetched = await this.#download(path, file, options)
    try {
      await this.cache.show(file.etag, this.revision, path)
    } catch (cause) {
      throw asDownloadError(cause, at)
    }
    await this.#remember()
    return { path: at, fetched }
  }

  #download(path: string, file: RemoteFile, options: CheckOptions, replace = false): Promise<boolean> {
    const url = this.#client.fileUrl(this.repository, this.revision, path)
    return download(
      {
        url,
        target: this.cache.blobPath(file.etag),
        name: { repository: this.repository, revision: this.revision, path, url },
        item: path,
        auth: this.#client.auth,
        size: file.size,
        digest: file.digest,
        replace,
      },
      this.#settings.retry,
      options,
    )
  }

  /** Whether a cached file is a copy of its blob, as where the system has no links: then deleting the blob mends nothing. */
  async isCopy(path: string): Promise<boolean> {
    return !this.#settings.offline && (await this.cache.etagOf(this.revision, path)) === undefined
  }

  /** Puts a right file in the place of a damaged copy: its blob where that is whole, else what the hub has. */
  async mend(path: string, file: RemoteFile, options: CheckOptions): Promise<void> {
    const blob = this.cache.blobPath(file.etag)
    const whole =
      file.digest?.algorithm === 'sha256' &&
      (await fileSize(blob)) === file.size &&
      (await storedFile(blob, path).sha256(options)) === file.digest.value
    if (!whole) await this.#download(path, file, options, true)
    await this.cache.show(file.etag, this.revision, path)
  }

  /** What the hub has in place of a damaged copy, where that is the file that is wanted. */
  async #mendable(
    path: string,
    expected: FileDigest,
    options: CheckOptions,
  ): Promise<RemoteFile | undefined> {
    if (!(await this.isCopy(path))) return undefined
    const file = await this.describe(path, options).catch(() => undefined)
    return file?.digest?.value === expected.sha256 ? file : undefined
  }

  /** Only once a file is there, so that the last known commit stays a usable one. */
  async #remember(): Promise<void> {
    // A cache that may only be read is still of use.
    await this.cache.writeRef(this.#asked, this.revision).catch(() => undefined)
  }

  async #announced(path: string, origin: FileOrigin, options: CheckOptions): Promise<RemoteFile> {
    try {
      return await this.describe(path, options)
    } catch (error) {
      if (!isMissingFile(error)) throw error
      const where = this.#client.fileUrl(this.repository, this.revision, path)
      throw missingFile(where, {
        ...origin,
        remedy: 'Name another revision, or tell those who publish the model.',
      })
    }
  }
}

function isMissingFile(error: unknown): boolean {
  return (
    error instanceof DownloadError &&
    error.code === 'download_not_found' &&
    error.details['missing'] === 'file'
  )
}
