import { InputError, show } from '../../base/errors.ts'

/** Of images that are named by URL. */
export interface FetchLimits {
  /** Of an image fetched by URL. Default 256 MiB. */
  readonly maxDownloadBytes?: number | undefined
  /** For fetching an image by URL, to its last byte. Default 60. */
  readonly timeoutSeconds?: number | undefined
}

/** As the readers take them. Throws `InputError` `input_invalid_option`. */
export function fetchLimits({ maxDownloadBytes = 2 ** 28, timeoutSeconds = 60 }: FetchLimits): {
  readonly maxBytes: number
  readonly timeoutMs: number
} {
  for (const [name, value] of Object.entries({ maxDownloadBytes, timeoutSeconds })) {
    if (typeof value === 'number' && value > 0) continue
    throw new InputError('input_invalid_option', `${name} is a number above 0, not ${show(value)}.`, {
      [name]: value,
    })
  }
  return { maxBytes: maxDownloadBytes, timeoutMs: timeoutSeconds * 1000 }
}
