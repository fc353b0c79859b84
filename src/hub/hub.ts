import type { FileSource } from '../backend/backend.ts'
import type { OnProgress } from '../base/progress.ts'

/** Where model folders come from. */
export interface ModelHub {
  /**
   * Opens a model folder, without reading weights.
   * `source` is a local folder, an http(s) URL of a folder, or a hub repository id such as `owner/name`.
   * Throws `ModelError` `model_not_found`, or `DownloadError`.
   */
  open(source: string, options?: OpenOptions): Promise<ModelFolder>
}

export interface OpenOptions {
  /** Branch, tag or commit of a hub repository; default `main`. */
  readonly revision?: string | undefined
  readonly signal?: AbortSignal | undefined
  readonly onProgress?: OnProgress | undefined
}

export interface ModelFolder {
  /** As the user named it. */
  readonly source: string
  /** The commit, where the hub says one. */
  readonly revision?: string | undefined
  /** What the user should know, for example that nothing can be kept. May grow while files come. */
  readonly notes?: readonly string[]
  /**
   * Says which files will be asked for, so that progress can count their bytes together. Where some of them must be
   * downloaded, reports the sum before it begins.
   */
  expect?(
    files: Readonly<Record<string, FileDigest>>,
    options?: Pick<OpenOptions, 'onProgress'>,
  ): Promise<void>
  /** Until the returned function is called, files that were asked for are not deleted, by other processes or pages either. */
  hold?(): () => void
  /** A small text file's content; `undefined` where there is none. */
  readText(path: string): Promise<string | undefined>
  /**
   * Brings one file to where a backend can read it, and checks its size and sha256.
   * Throws `ModelError` (`model_file_missing`, `model_file_truncated`, `model_sha256_mismatch`) or `DownloadError`.
   */
  file(path: string, expected: FileDigest, options?: Omit<OpenOptions, 'revision'>): Promise<ModelFile>
}

export type ModelFile = FileSource & {
  /** Where the sha256 is still being computed: settles when it is known, and rejects if it is wrong. Nothing may be used before. */
  readonly checked?: Promise<void>
}

export interface FileDigest {
  /** Bytes. */
  readonly size: number
  /** Hexadecimal, lower case. */
  readonly sha256: string
}
