import { randomUUID } from 'node:crypto'
import { copyFile, link, readFile, readlink, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { basename, dirname, join, relative } from 'node:path'
import { isFolder } from '../../base/files/is-folder-node.ts'
import { makeFolder } from '../../base/files/make-folder-node.ts'
import { fileSize, isErrno } from '../files/stored-file-node.ts'
import { isCommit } from './hub-protocol.ts'

/**
 * One repository in the standard Hugging Face cache, which Python's `huggingface_hub` shares:
 * `models--owner--name/{blobs/<etag>, refs/<revision>, snapshots/<commit>/<path>}`, snapshots being links to blobs.
 * Layout: https://huggingface.co/docs/huggingface_hub/guides/manage-cache
 */
export class CachedRepository {
  readonly folder: string

  constructor(cacheDir: string, repository: string) {
    this.folder = join(cacheDir, ['models', ...repository.split('/')].join('--'))
  }

  blobPath(etag: string): string {
    return join(this.folder, 'blobs', etag)
  }

  snapshotPath(commit: string): string {
    return join(this.folder, 'snapshots', commit)
  }

  filePath(commit: string, path: string): string {
    return join(this.snapshotPath(commit), ...path.split('/'))
  }

  async hasSnapshot(commit: string): Promise<boolean> {
    return isFolder(this.snapshotPath(commit))
  }

  /** The commit that `revision` stood for when it was last asked; a commit stands for itself. */
  async readRef(revision: string): Promise<string | undefined> {
    if (isCommit(revision)) return revision
    const text = await readFile(this.#refPath(revision), 'utf8').catch(() => '')
    return isCommit(text.trim()) ? text.trim() : undefined
  }

  async writeRef(revision: string, commit: string): Promise<void> {
    if (revision === commit || (await this.readRef(revision)) === commit) return
    const path = this.#refPath(revision)
    await makeFolder(dirname(path))
    await replace(path, (beside) => writeFile(beside, commit))
  }

  /** The etag that a cached file was fetched under; `undefined` where links could not be made. */
  async etagOf(commit: string, path: string): Promise<string | undefined> {
    return readlink(this.filePath(commit, path)).then(basename, () => undefined)
  }

  /** Shows a blob in a snapshot. */
  async show(etag: string, commit: string, path: string): Promise<string> {
    const file = this.filePath(commit, path)
    await linkFile(this.blobPath(etag), file)
    return file
  }

  #refPath(revision: string): string {
    return join(this.folder, 'refs', ...revision.split('/'))
  }
}

/**
 * Makes `to` a relative link to the file `from`, in place of what was there. Where the system has no symbolic links
 * (Windows without the right to make them), a hard link, else a copy.
 */
export async function linkFile(from: string, to: string): Promise<void> {
  await makeFolder(dirname(to))
  const target = relative(dirname(to), from)
  if ((await readlink(to).catch(() => undefined)) === target && (await fileSize(to)) !== undefined) return
  await replace(to, async (beside) => {
    try {
      await symlink(target, beside)
    } catch (error) {
      if (!isErrno(error, 'EPERM', 'EACCES', 'ENOSYS', 'ENOTSUP', 'EOPNOTSUPP', 'UNKNOWN')) throw error
      await link(from, beside).catch(() => copyFile(from, beside))
    }
  })
}

/** Makes a file beside and renames it, so that nobody sees half of it. */
export async function replace(path: string, make: (beside: string) => Promise<void>): Promise<void> {
  const beside = `${path}.${randomUUID().slice(0, 8)}.tmp`
  try {
    await make(beside)
    await rename(beside, path)
  } catch (error) {
    await rm(beside, { force: true })
    throw error
  }
}
