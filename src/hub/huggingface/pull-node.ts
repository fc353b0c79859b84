import { DownloadError } from '../../base/errors.ts'
import type { OnProgress } from '../../base/progress.ts'
import { checkDiskSpace } from '../files/disk-space-node.ts'
import { fileSize, storedFile } from '../files/stored-file-node.ts'
import { partialPath } from '../http/download-node.ts'
import { mayUseCache, type RemoteFile } from './hub-protocol.ts'
import { HubRepository } from './hub-repository-node.ts'
import { type HubSettings, hubSettings, type NodeHubOptions } from './hub-settings-node.ts'

/** Files of a hub repository. */
export interface PullRequest {
  /** `owner/name`. */
  readonly repository: string
  /** Default `main`. */
  readonly revision?: string | undefined
  readonly files: readonly string[]
}

export interface PullOptions extends NodeHubOptions {
  readonly signal?: AbortSignal | undefined
  /** Stage `download` counts all bytes of the plan, with `item` the file at hand; stage `verify` counts those of one file. */
  readonly onProgress?: OnProgress | undefined
  /** Called once, before anything is fetched; throw to stop. */
  readonly onPlan?: ((plan: PullPlan) => void | Promise<void>) | undefined
}

/** What there is to do. */
export interface PullPlan {
  /** The Hugging Face cache. */
  readonly cacheDir: string
  readonly files: readonly PlannedFile[]
  /** Bytes of all files, and those of them that are here. */
  readonly total: number
  readonly present: number
}

export interface PlannedFile {
  readonly repository: string
  /** The commit. */
  readonly revision: string
  readonly path: string
  /** Bytes, and those of them that are here. */
  readonly size: number
  readonly present: number
}

/** A repository on this machine. */
export interface PulledRepository {
  readonly repository: string
  /** The commit. */
  readonly revision: string
  /** The folder with the files. */
  readonly path: string
  /** Of the files, by path, as far as the hub told it; each was checked. */
  readonly sha256: Readonly<Record<string, string>>
}

interface Task extends PlannedFile {
  readonly from: HubRepository
  readonly known: RemoteFile | undefined
}
/** With the place for its sha256, in what its request brings. */
type Filed = Task & { readonly checked: Record<string, string> }

/**
 * Brings files of hub repositories into the Hugging Face cache: looks what is there, tells the plan, fetches the rest.
 * Files that are there already are hashed too, since Python checks only their sizes. Throws `DownloadError`.
 */
export async function pullFiles(
  requests: readonly PullRequest[],
  options: PullOptions = {},
): Promise<PulledRepository[]> {
  const settings = hubSettings(options)
  const { signal, onProgress } = options
  const tasks: Filed[] = []
  const pulled: PulledRepository[] = []
  for (const { repository, revision, files } of requests) {
    const from = await HubRepository.open(repository, repository, settings, { revision, signal, onProgress })
    const checked = {}
    for (const path of files) tasks.push({ ...(await plan(from, path, settings, options)), checked })
    pulled.push({
      repository,
      revision: from.revision,
      path: from.cache.snapshotPath(from.revision),
      sha256: checked,
    })
  }
  const total = sum(tasks, 'size')
  const present = sum(tasks, 'present')
  const files = tasks.map(({ from: _from, known: _known, checked: _checked, ...file }) => file)
  await options.onPlan?.({ cacheDir: settings.cacheDir, files, total, present })
  await checkDiskSpace(settings.cacheDir, total - present)
  let done = 0
  for (const task of tasks) {
    signal?.throwIfAborted()
    const sha256 = await carryOut(task, done, total, options)
    if (sha256 !== undefined) task.checked[task.path] = sha256
    done += task.size
  }
  return pulled
}

async function plan(
  from: HubRepository,
  path: string,
  settings: HubSettings,
  { signal, onProgress }: PullOptions,
): Promise<Task> {
  const { repository, revision, cache } = from
  const cached = await fileSize(cache.filePath(revision, path))
  // A commit never changes, so what is cached under it needs no asking; the blob's name tells what it should be.
  const etag = cached === undefined ? undefined : await cache.etagOf(revision, path)
  if (cached !== undefined && (settings.offline || etag !== undefined)) {
    return { from, repository, revision, path, size: cached, present: cached, known: undefined }
  }
  const known = await from.describe(path, { signal, onProgress }).catch((error: unknown) => {
    if (cached !== undefined && mayUseCache(error)) return undefined
    throw error
  })
  if (known === undefined) return { from, repository, revision, path, size: cached!, present: cached!, known }
  if (known.size === undefined) {
    const message = `${repository} does not say how large ${path} is. Check HF_ENDPOINT (${settings.endpoint}).`
    throw new DownloadError('download_failed', message, { repository, path })
  }
  const blob = cache.blobPath(known.etag)
  const present = Math.min(known.size, (await fileSize(blob)) ?? (await fileSize(partialPath(blob))) ?? 0)
  return { from, repository, revision, path, size: known.size, present, known }
}

/** Brings one file, and checks it: its sha256, where the hub tells it (which it does of large files). */
async function carryOut(
  { from, path, known, size }: Task,
  done: number,
  total: number,
  options: PullOptions,
): Promise<string | undefined> {
  const { signal, onProgress } = options
  const item = `${from.repository}/${path}`
  const report: OnProgress = (progress) => {
    const overall = progress.stage === 'download' ? { loaded: done + progress.loaded, total } : {}
    onProgress?.({ ...progress, item, ...overall })
  }
  const { path: at, fetched } = await from.fetch(path, { signal, onProgress: report }, known)
  const etag = known?.etag ?? (await from.cache.etagOf(from.revision, path))
  const expected = etag !== undefined && /^[0-9a-f]{64}$/.test(etag) ? etag : undefined
  if (fetched) return expected
  if (expected !== undefined) {
    const sha256 = await storedFile(at, item).sha256({ signal, onProgress: report })
    if (sha256 !== expected) {
      if (known === undefined || !(await from.isCopy(path)))
        throw damaged(at, from.cache.blobPath(expected), sha256, expected)
      await from.mend(path, known, { signal, onProgress: report })
    }
  }
  report({ stage: 'download', item, loaded: size, total, unit: 'bytes' })
  return expected
}

function damaged(path: string, blob: string, sha256: string, expected: string): DownloadError {
  return new DownloadError(
    'download_sha256_mismatch',
    `${path} is in the cache, but damaged: its sha256 is ${sha256}, not ${expected}. Delete ${blob} and run the same again.`,
    { path, blob, sha256, expected },
  )
}

function sum(files: readonly PlannedFile[], key: 'size' | 'present'): number {
  return files.reduce((bytes, file) => bytes + file[key], 0)
}
