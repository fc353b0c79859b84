import { userHeader, withoutUser } from '../../base/address-user.ts'
import { ImageError } from '../../base/errors.ts'
import { Deadline } from '../../base/waiting/deadline.ts'

export interface FetchImageOptions {
  readonly signal?: AbortSignal | undefined
  /** Bytes at most. */
  readonly maxBytes: number
  /** From the request to the last byte. */
  readonly timeoutMs: number
}

/**
 * Fetches an image's bytes. Throws `ImageError`: `image_not_found` (404, 410), `image_too_large`, `image_truncated` where the
 * connection breaks, else `image_unreadable` with `details.status`; rejects with `signal.reason` where the signal aborts.
 */
export async function fetchImage(url: URL, options: FetchImageOptions): Promise<Uint8Array<ArrayBuffer>> {
  const { signal, maxBytes, timeoutMs } = options
  const deadline = new Deadline(timeoutMs, signal)
  const seen: Seen = { answered: false, received: 0 }
  try {
    const response = await fetch(withoutUser(url), { signal: deadline.signal, headers: userHeader(url) })
    if (!response.ok) {
      await response.body?.cancel()
      throw refusal(response)
    }
    seen.answered = true
    return await readBody(response, maxBytes, seen)
  } catch (cause) {
    signal?.throwIfAborted()
    if (cause instanceof ImageError) throw cause
    if (deadline.signal.aborted) {
      throw new ImageError(
        'image_unreadable',
        `It was not there within ${timeoutMs / 1000} s. Try again, or raise the time limit.`,
        { cause },
      )
    }
    throw failure(url, cause, seen)
  } finally {
    deadline.end()
  }
}

/** How far a request has come. */
interface Seen {
  answered: boolean
  /** Bytes. */
  received: number
}

async function readBody(response: Response, maxBytes: number, seen: Seen): Promise<Uint8Array<ArrayBuffer>> {
  const length = Number(response.headers.get('content-length') ?? 0)
  if (length > maxBytes) throw tooLarge(length, maxBytes)
  const chunks: Uint8Array[] = []
  // Not for await: Safari's streams cannot be iterated.
  const reader = response.body?.getReader()
  for (let read = await reader?.read(); read !== undefined && !read.done; read = await reader?.read()) {
    seen.received += read.value.length
    if (seen.received > maxBytes) {
      await reader?.cancel()
      throw tooLarge(seen.received, maxBytes)
    }
    chunks.push(read.value)
  }
  const bytes = new Uint8Array(seen.received)
  let at = 0
  for (const chunk of chunks) {
    bytes.set(chunk, at)
    at += chunk.length
  }
  return bytes
}

function failure(url: URL, cause: unknown, { answered, received }: Seen): ImageError {
  if (url.protocol === 'data:') return badDataUrl(url, cause)
  const why = reason(cause)
  return answered
    ? new ImageError('image_truncated', `The connection broke after ${received} bytes (${why}). Try again.`, {
        received,
        cause,
      })
    : new ImageError(
        'image_unreadable',
        `The server cannot be reached (${why}). Check the address and the network.`,
        { cause },
      )
}

/** No server is asked for a data URL, so none can be out of reach. */
function badDataUrl({ href }: URL, cause: unknown): ImageError {
  return new ImageError(
    'image_unreadable',
    `The data URL cannot be decoded: ${dataUrlFault(href)}. It must be like \`data:image/png;base64,iVBORw0…\`.`,
    { cause },
  )
}

function dataUrlFault(href: string): string {
  const comma = href.indexOf(',')
  if (comma < 0) return 'it has no comma between its type and its data'
  return /;\s*base64\s*$/i.test(href.slice(0, comma))
    ? 'what follows its comma is not base64'
    : 'its data cannot be read'
}

/** An address as it may be shown: without password and query, which can hold keys. */
export function showUrl(url: URL): string {
  if (url.protocol === 'data:') return 'data URL'
  return url.origin === 'null' ? url.href : url.origin + url.pathname
}

function refusal({ status, statusText }: Response): ImageError {
  const said = `The server answered ${status}${statusText ? ` ${statusText}` : ''}.`
  if (status === 404 || status === 410)
    return new ImageError('image_not_found', `${said} Check the address.`, { status })
  const remedy =
    status === 401 || status === 403
      ? 'The address needs a permission: fetch the image yourself and pass its bytes.'
      : 'Try again later.'
  return new ImageError('image_unreadable', `${said} ${remedy}`, { status })
}

function tooLarge(bytes: number, maxBytes: number): ImageError {
  return new ImageError(
    'image_too_large',
    `It has ${bytes} bytes or more, over the limit of ${maxBytes}. Raise maxDownloadBytes if it is trusted.`,
    {
      bytes,
      maxBytes,
    },
  )
}

/** `fetch failed` says nothing; its cause does. */
function reason(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
  return cause instanceof Error ? ((cause as { code?: string }).code ?? cause.message) : String(cause)
}
