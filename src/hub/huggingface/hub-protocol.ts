import { DownloadError } from '../../base/errors.ts'
import { retryAfter } from '../http/retry.ts'

/** What is asked of a hub or a web server, for addresses and messages. */
export interface RemoteName {
  /** `owner/name`; absent for a plain URL. */
  readonly repository?: string
  readonly revision?: string
  readonly path?: string
  /** Without query, which may hold a signature. */
  readonly url: string
}

/** How the content of a remote file can be checked. `git-sha1` is of `blob <size>\0` and the content. */
export interface RemoteDigest {
  readonly algorithm: 'sha256' | 'git-sha1'
  /** Hexadecimal, lower case. */
  readonly value: string
}

/** What a hub says of a file without sending it. */
export interface RemoteFile {
  /** The commit that the revision stands for. */
  readonly commit?: string
  /** Names the blob in the cache; the sha256 of LFS files, the git object id of others. */
  readonly etag: string
  readonly size?: number
  readonly digest?: RemoteDigest
}

export function resolveUrl(endpoint: string, repository: string, revision: string, path: string): string {
  return `${endpoint}/${repository}/resolve/${encodeURIComponent(revision)}/${encodePath(path)}`
}

export function revisionUrl(endpoint: string, repository: string, revision: string): string {
  return `${endpoint}/api/models/${repository}/revision/${encodeURIComponent(revision)}`
}

/** The address of a file in a folder that a URL names; the folder's query (a signature, say) goes with it. */
export function folderFileUrl(folder: string, path: string): string {
  const url = new URL(folder)
  url.pathname += encodePath(path)
  return url.href
}

/** For messages: an address without query and credentials. */
export function plainUrl(url: string): string {
  const { origin, pathname } = new URL(url)
  return origin + pathname
}

function encodePath(path: string): string {
  return path.split('/').map(encodeURIComponent).join('/')
}

export function isCommit(revision: string): boolean {
  return /^[0-9a-f]{40}$/.test(revision)
}

/**
 * Reads the headers of a `/resolve/` answer; `X-Linked-*` describe the file that a redirect leads to.
 * `undefined` where they name no file yet, as on a redirect to another host of the hub.
 */
export function readFileHeaders(headers: Headers, redirects: boolean): RemoteFile | undefined {
  const linked = cleanEtag(headers.get('x-linked-etag'))
  const etag = linked ?? (redirects ? undefined : cleanEtag(headers.get('etag')))
  if (etag === undefined) return undefined
  const own = redirects || headers.has('content-encoding') ? null : headers.get('content-length')
  const length = headers.get('x-linked-size') ?? own
  const size = length === null || !/^\d+$/.test(length) ? undefined : Number(length)
  const commit = headers.get('x-repo-commit') ?? undefined
  const digest = digestOf(etag, size)
  return {
    etag,
    ...(commit !== undefined && isCommit(commit) ? { commit } : {}),
    ...(size === undefined ? {} : { size }),
    ...(digest === undefined ? {} : { digest }),
  }
}

function digestOf(etag: string, size: number | undefined): RemoteDigest | undefined {
  if (/^[0-9a-f]{64}$/.test(etag)) return { algorithm: 'sha256', value: etag }
  if (/^[0-9a-f]{40}$/.test(etag) && size !== undefined) return { algorithm: 'git-sha1', value: etag }
  return undefined
}

/** An etag becomes a file name in the cache, so nothing but plain names is taken. */
function cleanEtag(header: string | null): string | undefined {
  const etag = header?.replace(/^W\//, '').replaceAll('"', '')
  return etag !== undefined && /^\w[\w.-]{0,127}$/.test(etag) ? etag : undefined
}

/** Answers that may be different in a moment. */
export function isTemporary(status: number): boolean {
  return status === 408 || status === 429 || status >= 500
}

/** Whether a cached copy may stand in: the server is not there, or does not let us in, but has not said that it is gone. */
export function mayUseCache(error: unknown): boolean {
  return (
    error instanceof DownloadError &&
    ['download_failed', 'download_offline', 'download_unauthorized'].includes(error.code)
  )
}

/** The error for an answer that is none. `token` tells whether one was sent. */
export function responseError(
  status: number,
  headers: Headers,
  name: RemoteName,
  token: boolean,
): DownloadError {
  const code = headers.get('x-error-code') ?? undefined
  const details = { status, ...name, ...(code === undefined ? {} : { errorCode: code }) }
  const what = name.path ?? name.repository ?? name.url
  const place = name.repository === undefined ? name.url : `the repository ${name.repository}`
  if (status === 401 || status === 403) {
    const remedy = accessRemedy(code, name, token)
    return new DownloadError(
      'download_unauthorized',
      `${place} answered ${status} for ${what}. ${remedy}`,
      details,
    )
  }
  if (status === 404 || status === 410) {
    const missing = missingPart(code, name)
    const at = name.revision === undefined ? '' : ` at ${name.revision}`
    const message = {
      repository: `There is no repository ${name.repository}. Check the name; a private one needs HF_TOKEN.`,
      revision: `${place} has no revision ${name.revision}. Check the branch, tag or commit.`,
      file: `There is no ${what} in ${place}${at}. Check the name and the revision.`,
    }[missing]
    return new DownloadError('download_not_found', message, { ...details, missing })
  }
  const refused = `${place} answered ${status} for ${what}.`
  if (!isTemporary(status))
    return new DownloadError('download_failed', `${refused} Check the address and HF_ENDPOINT.`, details)
  const seconds = retryAfter(headers)
  const when = seconds === undefined ? 'later' : comeBack(seconds)
  const limited = status === 429 && !token ? ' With a token (HF_TOKEN) hubs allow more.' : ''
  return new DownloadError(
    'download_failed',
    `${refused} Try again ${when}; what has arrived is kept.${name.repository === undefined ? '' : limited}`,
    { ...details, ...(seconds === undefined ? {} : { retryAfter: seconds }) },
  )
}

/** What opens a door that is shut. */
function accessRemedy(code: string | undefined, name: RemoteName, token: boolean): string {
  if (name.repository === undefined) return 'Check the address.'
  if (code === 'GatedRepo')
    return `Accept its licence at ${new URL(name.url).origin}/${name.repository}, then set HF_TOKEN to a token of that account.`
  return token
    ? 'The token that was sent does not open it: check HF_TOKEN and the name, and accept the licence if it has one.'
    : 'It does not exist, or is private: check the name, and set HF_TOKEN (or run `hf auth login`) if it is yours.'
}

/** How long a server wants to be left alone, and until when. */
function comeBack(seconds: number): string {
  const date = new Date(Date.now() + Math.min(seconds, 1e9) * 1000)
  return `in ${span(seconds)}, which it asks for (${date.toISOString().slice(0, 16).replace('T', ' ')} UTC)`
}

function span(seconds: number): string {
  const minutes = Math.ceil(seconds / 60)
  if (seconds < 120) return `${Math.ceil(seconds)} seconds`
  return minutes < 120 ? `${minutes} minutes` : `${Math.ceil(minutes / 60)} hours`
}

function missingPart(code: string | undefined, name: RemoteName): 'repository' | 'revision' | 'file' {
  if (code === 'RepoNotFound') return 'repository'
  if (code === 'RevisionNotFound') return 'revision'
  if (code === 'EntryNotFound' || name.path !== undefined || name.repository === undefined) return 'file'
  return 'repository'
}
