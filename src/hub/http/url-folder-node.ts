import { createHash } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { FileSource } from '../../backend/backend.ts'
import { DownloadError } from '../../base/errors.ts'
import { makeFolder } from '../../base/files/make-folder-node.ts'
import { asDownloadError } from '../files/disk-error-node.ts'
import { checkFile, type FileOrigin, missingFile } from '../files/file-check.ts'
import { readTextFile } from '../files/folder-node.ts'
import { modelPathSegments } from '../files/model-path.ts'
import { fileSize, storedFile } from '../files/stored-file-node.ts'
import type { FileDigest, ModelFolder, OpenOptions } from '../hub.ts'
import { ask } from '../huggingface/ask-node.ts'
import { linkFile, replace } from '../huggingface/hub-cache-node.ts'
import { offlineError } from '../huggingface/hub-client-node.ts'
import { folderFileUrl, mayUseCache, plainUrl } from '../huggingface/hub-protocol.ts'
import type { HubSettings } from '../huggingface/hub-settings-node.ts'
import { download } from './download-node.ts'

/**
 * A model folder on a web server, kept in `<urlCacheDir>/<host>-<hash of the URL>/`: `texts/` as last read, `blobs/` by
 * sha256, and `snapshots/<hash of the texts>/` with links to them, since a graph finds its data by name beside it. A
 * folder that changes on the server gets a new snapshot, so that files of two versions are never mixed.
 */
export class UrlFolder implements ModelFolder {
  readonly source: string
  readonly #url: string
  readonly #folder: string
  readonly #settings: HubSettings
  readonly #texts: string[] = []
  #snapshot: string | undefined

  constructor(source: string, url: string, settings: HubSettings) {
    this.source = source
    this.#url = url
    this.#settings = settings
    this.#folder = join(
      settings.urlCacheDir,
      `${new URL(url).hostname.replace(/[^\w.-]/g, '_')}-${shortHash(url)}`,
    )
  }

  async readText(path: string): Promise<string | undefined> {
    const kept = join(this.#folder, 'texts', ...modelPathSegments(path, this.source))
    const text = await this.#text(path, kept)
    if (text !== undefined) this.#texts.push(path, text)
    return text
  }

  async file(
    path: string,
    expected: FileDigest,
    options: Omit<OpenOptions, 'revision'> = {},
  ): Promise<FileSource> {
    const segments = modelPathSegments(path, this.source)
    const url = folderFileUrl(this.#url, path)
    const blob = join(this.#folder, 'blobs', expected.sha256)
    const origin: FileOrigin = { source: this.source, path, remedy: `Delete ${blob} and load again.` }
    if ((await fileSize(blob)) === undefined && this.#settings.offline)
      throw offlineError({ path, url: plainUrl(url) })
    const name = { path, url: plainUrl(url) }
    try {
      const digest = { algorithm: 'sha256', value: expected.sha256 } as const
      const wanted = { url, target: blob, name, item: path, size: expected.size, digest }
      const fetched = await download(wanted, this.#settings.retry, options)
      if (!fetched) await checkFile(storedFile(blob, path), expected, origin, options)
    } catch (error) {
      if (!(error instanceof DownloadError) || error.code !== 'download_not_found') throw error
      throw missingFile(name.url, { ...origin, remedy: 'Check the address, or publish the whole folder.' })
    }
    this.#snapshot ??= shortHash(JSON.stringify(this.#texts))
    const at = join(this.#folder, 'snapshots', this.#snapshot, ...segments)
    try {
      await linkFile(blob, at)
    } catch (cause) {
      throw asDownloadError(cause, at)
    }
    return { path: at }
  }

  /** The server's text, or the one kept from the last time where the server cannot be asked. */
  async #text(path: string, kept: string): Promise<string | undefined> {
    if (this.#settings.offline) return readTextFile(kept)
    const old = await readTextFile(kept)
    try {
      const text = await this.#get(path, old !== undefined)
      if (text !== undefined && text !== old) {
        await makeFolder(dirname(kept))
        await replace(kept, (beside) => writeFile(beside, text))
      }
      return text
    } catch (error) {
      if (old !== undefined && mayUseCache(error)) return old
      throw asDownloadError(error, kept)
    }
  }

  async #get(path: string, once: boolean): Promise<string | undefined> {
    const url = folderFileUrl(this.#url, path)
    const retry = once ? { ...this.#settings.retry, attempts: 1 } : this.#settings.retry
    try {
      return await ask(url, { path, url: plainUrl(url) }, { retry }, (response) => response.text())
    } catch (error) {
      if (error instanceof DownloadError && error.code === 'download_not_found') return undefined
      throw error
    }
  }
}

function shortHash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16)
}
