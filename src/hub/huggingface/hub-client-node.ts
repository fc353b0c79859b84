import { DownloadError } from '../../base/errors.ts'
import type { CheckOptions } from '../files/file-check.ts'
import type { Auth, RequestOptions } from '../http/request-node.ts'
import { ask } from './ask-node.ts'
import {
  isCommit,
  readFileHeaders,
  type RemoteFile,
  type RemoteName,
  resolveUrl,
  revisionUrl,
} from './hub-protocol.ts'
import type { HubSettings } from './hub-settings-node.ts'

/** Asks the hub about revisions and files; fetches no content. */
export class HubClient {
  readonly auth: Auth | undefined
  readonly #settings: HubSettings

  constructor(settings: HubSettings) {
    this.#settings = settings
    this.auth =
      settings.token === undefined
        ? undefined
        : { origin: new URL(settings.endpoint).origin, token: settings.token }
  }

  pageUrl(repository: string): string {
    return `${this.#settings.endpoint}/${repository}`
  }

  fileUrl(repository: string, revision: string, path: string): string {
    return resolveUrl(this.#settings.endpoint, repository, revision, path)
  }

  /** The commit that a branch or tag stands for. `once` where the cache can answer instead. Throws `DownloadError`. */
  async commit(
    repository: string,
    revision: string,
    once: boolean,
    options: CheckOptions = {},
  ): Promise<string> {
    const url = revisionUrl(this.#settings.endpoint, repository, revision)
    return this.#ask(url, { repository, revision, url }, options, once, async (response) => {
      const { sha } = (await response.json().catch(() => ({}))) as { sha?: unknown }
      if (typeof sha === 'string' && isCommit(sha)) return sha
      throw this.#notAHub(url)
    })
  }

  /** What the hub says of a file. Throws `DownloadError`, `download_not_found` where it is not in the repository. */
  async file(
    repository: string,
    revision: string,
    path: string,
    options: CheckOptions = {},
  ): Promise<RemoteFile> {
    const url = this.fileUrl(repository, revision, path)
    // The redirect to a file server tells all; one within the hub, or from a mirror to another hub, does not.
    const stopAt = ({ headers }: Response): boolean => readFileHeaders(headers, true)?.size !== undefined
    const name = { repository, revision, path, url }
    return this.#ask(
      url,
      name,
      { method: 'HEAD', stopAt, ...options },
      false,
      async ({ headers, status }) => {
        const file = readFileHeaders(headers, status >= 300)
        if (file === undefined) throw this.#notAHub(url)
        return file
      },
    )
  }

  async #ask<T>(
    url: string,
    name: RemoteName,
    options: RequestOptions & CheckOptions,
    once: boolean,
    read: (response: Response) => Promise<T>,
  ): Promise<T> {
    const { offline, retry } = this.#settings
    if (offline) throw offlineError(name)
    return ask(
      url,
      name,
      { ...options, auth: this.auth, retry: once ? { ...retry, attempts: 1 } : retry },
      read,
    )
  }

  #notAHub(url: string): DownloadError {
    return new DownloadError(
      'download_failed',
      `${url} does not answer as a Hugging Face hub does. Check HF_ENDPOINT (${this.#settings.endpoint}), and whether a ` +
        'proxy or login page stands in between.',
      { url, endpoint: this.#settings.endpoint },
    )
  }
}

export function offlineError(name: RemoteName): DownloadError {
  const what =
    name.path ?? (name.repository === undefined ? name.url : `${name.repository} at ${name.revision}`)
  return new DownloadError(
    'download_offline',
    `${what} is not in the cache, and HF_HUB_OFFLINE forbids to ask for it. Unset it, or check that HF_HOME is the one that ` +
      'it was fetched to.',
    { ...name },
  )
}
