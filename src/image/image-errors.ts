import { ImageError } from '../base/errors.ts'
import { shortName } from './inputs/not-a-path.ts'

/** The file ends before the picture does. Pillow refuses it too: half a gray picture must not be scored. */
export function truncated(format: string, why: string, cause?: unknown): ImageError {
  return new ImageError(
    'image_truncated',
    `The ${format} file is cut short: ${why}. Fetch or write it again.`,
    {
      format,
      ...(cause === undefined ? {} : { cause }),
    },
  )
}

/** The file is damaged, or is not what its first bytes promise. */
export function unreadable(format: string, why: string, cause?: unknown): ImageError {
  return new ImageError(
    'image_unreadable',
    `The ${format} file cannot be decoded: ${why}. Fetch or write it again.`,
    {
      format,
      ...(cause === undefined ? {} : { cause }),
    },
  )
}

/** A whole file, of a kind that is not decoded here. */
export function unsupported(format: string, what: string, remedy: string): ImageError {
  return new ImageError('image_unsupported', `${what} is not supported. ${remedy}`, { format })
}

/** The same error with the file's name, or `image 3`, in front of its message and in `details.image`. */
export function nameImageError(error: unknown, name: string): unknown {
  if (!(error instanceof ImageError) || error.details['image'] !== undefined) return error
  const { code, message, details, cause } = error
  return new ImageError(code, `${shortName(name)}: ${message}`, {
    ...details,
    image: name,
    ...(cause === undefined ? {} : { cause }),
  })
}
