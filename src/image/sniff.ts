import { ImageError } from '../base/errors.ts'
import { ByteReader } from './formats/byte-reader.ts'
import type { ImageFormat, ImageSize } from './formats/image-format.ts'
import { IMAGE_FORMATS } from './formats/image-formats.ts'
import { truncated, unsupported } from './image-errors.ts'
import { nameStranger } from './strangers.ts'

/** What a file's header says, read without decoding a pixel. */
export interface ImageHeader extends ImageSize {
  readonly format: ImageFormat
}

/**
 * Tells a file's format and size from its first bytes.
 * Throws `ImageError`: `image_empty`, `image_unsupported` (naming what the bytes look like) or `image_truncated`.
 */
export function sniffImage(bytes: Uint8Array): ImageHeader {
  const format = sniffFormat(bytes)
  const reader = new ByteReader(bytes, () => truncated(format.name, `it has only ${bytes.length} bytes`))
  const { width, height } = format.size(reader)
  return { format, width, height }
}

function sniffFormat(bytes: Uint8Array): ImageFormat {
  if (bytes.length === 0) {
    throw new ImageError(
      'image_empty',
      'The image has no bytes. Check that the file was written and the download did not fail.',
    )
  }
  const head = String.fromCharCode(...bytes.subarray(0, 1024))
  const format = IMAGE_FORMATS.find(({ is }) => is(head))
  if (format) return format
  const [name, remedy] = nameStranger(head) ?? ['A file of unknown kind', `Give a ${KNOWN} file.`]
  const error = unsupported(name.replace(/^An? /, ''), name, remedy)
  throw new ImageError(error.code, error.message, {
    ...error.details,
    firstBytes: [...bytes.subarray(0, 16)].map((byte) => byte.toString(16).padStart(2, '0')).join(' '),
  })
}

const KNOWN = IMAGE_FORMATS.map(({ name }) => name)
  .join(', ')
  .replace(/, (?=[^,]*$)/, ' or ')
