import { ModelError } from '../../base/errors.ts'
import type { OnProgress } from '../../base/progress.ts'
import type { FileDigest } from '../hub.ts'

/** A stored file as a platform sees it, for {@link checkFile}. */
export interface StoredFile {
  /** Where it lies, for messages. */
  readonly where: string
  /** Bytes; `undefined` where there is no such file. */
  size(): Promise<number | undefined>
  /** Its first bytes, as text. */
  head(bytes: number): Promise<string>
  /** Hexadecimal, lower case. */
  sha256(options: CheckOptions): Promise<string>
}

export interface CheckOptions {
  readonly signal?: AbortSignal | undefined
  readonly onProgress?: OnProgress | undefined
}

/** Where the file should have come from, for messages. */
export interface FileOrigin {
  /** The folder as the user named it, and the path in it. */
  readonly source: string
  readonly path: string
  /** What to do when the file is not as it should be; a whole sentence. */
  readonly remedy: string
}

/**
 * Checks that a file is there, whole, and the one that the manifest means.
 * Throws `ModelError` (`model_file_missing`, `model_file_truncated`, `model_sha256_mismatch`).
 */
export async function checkFile(
  file: StoredFile,
  expected: FileDigest,
  origin: FileOrigin,
  options: CheckOptions = {},
): Promise<void> {
  await (await checkSize(file, expected, origin)).hash(options)
}

/** The first half of {@link checkFile}, and the second, which takes longer, for later. */
export async function checkSize(
  file: StoredFile,
  expected: FileDigest,
  origin: FileOrigin,
): Promise<{ hash(options?: CheckOptions): Promise<void> }> {
  const size = await file.size()
  if (size === undefined) throw missingFile(file.where, origin)
  if (size !== expected.size) throw await wrongSize(file, size, expected, origin)
  return {
    hash: async (options = {}) => {
      const sha256 = await file.sha256(options)
      if (sha256 !== expected.sha256) throw wrongSha256(file.where, sha256, expected, origin)
    },
  }
}

export function missingFile(where: string, { source, path, remedy }: FileOrigin): ModelError {
  return new ModelError(
    'model_file_missing',
    `${path} of the model ${source} is missing: there is no ${where}. ${remedy}`,
    {
      source,
      path,
      where,
    },
  )
}

export function wrongSha256(
  where: string,
  sha256: string,
  expected: FileDigest,
  origin: FileOrigin,
): ModelError {
  const { source, path, remedy } = origin
  return new ModelError(
    'model_sha256_mismatch',
    `${where} is not the file that the manifest of ${source} means: its sha256 is ${sha256}, not ${expected.sha256}. ${remedy}`,
    { source, path, where, sha256, expected: expected.sha256 },
  )
}

async function wrongSize(
  file: StoredFile,
  size: number,
  expected: FileDigest,
  origin: FileOrigin,
): Promise<ModelError> {
  const { source, path, remedy } = origin
  const pointer = size < 1024 && (await file.head(64)).startsWith('version https://git-lfs')
  const what = size < expected.size ? 'is cut short' : 'is too long'
  const why = pointer ? 'It is a git-lfs pointer, not the weights: run `git lfs pull` in the clone.' : remedy
  return new ModelError(
    'model_file_truncated',
    `${file.where} ${what}: ${size} bytes, not ${expected.size}. ${why}`,
    {
      source,
      path,
      where: file.where,
      size,
      expected: expected.size,
      pointer,
    },
  )
}
