import type { ErrorCode } from '../base/errors.ts'
import type { CutImage } from '../image/cut-image.ts'

/** One image to read. */
export interface NamedImage {
  /** As given, or as a glob or folder gave it, but short and without passwords; what results are labelled with. */
  readonly name: string
  /** What the decoder takes: an absolute path, a URL, bytes (stdin, and files whose names are not text), or a part of a file. */
  readonly input: string | URL | Blob | CutImage
}

/** One that a name led to. */
export interface FoundImage extends NamedImage {
  readonly input: string | URL | Blob
}

/** An image that could not be read. */
export interface ImageFailure {
  readonly image: string
  readonly code: ErrorCode
  readonly message: string
}
