import { readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type { FileDigest, ModelFile, ModelFolder, OpenOptions } from '../hub.ts'
import { asReadError } from './disk-error-node.ts'
import { checkSize } from './file-check.ts'
import { modelPathSegments } from './model-path.ts'
import { isErrno, storedFile } from './stored-file-node.ts'

/**
 * A model in a folder of this machine. Every file is hashed each time it is asked for, while it is loaded: no remembered
 * answer can be wrong. Links are followed, wherever they lead: the Hugging Face cache is
 * made of them, and who can place a link in the folder can place a file too.
 */
export class LocalFolder implements ModelFolder {
  readonly source: string
  readonly path: string

  constructor(path: string, source: string = path) {
    this.path = resolve(path)
    this.source = source
  }

  async readText(path: string): Promise<string | undefined> {
    return readTextFile(this.#at(path))
  }

  async file(
    path: string,
    expected: FileDigest,
    options: Omit<OpenOptions, 'revision'> = {},
  ): Promise<ModelFile> {
    const at = this.#at(path)
    const remedy = 'Copy the folder again, or make it again with `npx icthp convert`.'
    const { hash } = await checkSize(storedFile(at, path), expected, { source: this.source, path, remedy })
    const checked = hash(options)
    checked.catch(() => {})
    return { path: at, checked }
  }

  #at(path: string): string {
    return join(this.path, ...modelPathSegments(path, this.source))
  }
}

/** `undefined` where there is no such file. */
export async function readTextFile(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR')) return undefined
    throw asReadError(error, path)
  }
}
