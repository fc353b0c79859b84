import { DownloadError } from '../../base/errors.ts'
import type { OnProgress } from '../../base/progress.ts'
import { Deadline } from '../../base/waiting/deadline.ts'
import { request, type RequestOptions } from '../http/request-node.ts'
import type { RetryPolicy } from '../http/retry.ts'
import { waitToRetry } from '../http/wait-to-retry.ts'
import { isTemporary, plainUrl, type RemoteName, responseError } from './hub-protocol.ts'

// What Python waits for metadata; a server that is slower is as good as down, and the cache may do.
const TIMEOUT = 10_000

// A question is small; a server that fails so many times in a row is down for now.
const MAX_ATTEMPTS = 3

type Question = RequestOptions & { readonly retry: RetryPolicy; readonly onProgress?: OnProgress | undefined }
type Read<T> = (response: Response) => Promise<T>
type Outcome<T> = { readonly value: T } | { readonly error: DownloadError }

/**
 * A short question to a server: sends the request, tries again where that may help, and hands a good answer (2xx, or a
 * redirect that `stopAt` stopped at) to `read`. Throws `DownloadError`.
 */
export async function ask<T>(url: string, name: RemoteName, question: Question, read: Read<T>): Promise<T> {
  const { retry, signal, onProgress } = question
  for (let failures = 1; ; failures++) {
    const outcome = await askOnce(url, name, question, read)
    if ('value' in outcome) return outcome.value
    if (failures >= Math.min(retry.attempts, MAX_ATTEMPTS)) throw outcome.error
    await waitToRetry(retry, failures, outcome.error, { signal, onProgress })
  }
}

/** Returns what may go better next time, throws what will not. */
async function askOnce<T>(
  url: string,
  name: RemoteName,
  question: Question,
  read: Read<T>,
): Promise<Outcome<T>> {
  const { retry: _, onProgress: __, signal, ...options } = question
  const deadline = new Deadline(TIMEOUT, signal)
  try {
    const response = await request(url, { ...options, signal: deadline.signal })
    if (response.status < 400) return { value: await read(response) }
    await response.body?.cancel()
    const error = responseError(response.status, response.headers, name, options.auth !== undefined)
    if (!isTemporary(response.status)) throw error
    return { error }
  } catch (cause) {
    signal?.throwIfAborted()
    if (!(cause instanceof DownloadError)) return { error: unanswered(url, cause) }
    if (cause.details['reason'] === undefined) throw cause
    return { error: cause }
  } finally {
    deadline.end()
  }
}

function unanswered(url: string, cause: unknown): DownloadError {
  const message = `${new URL(url).host} did not answer in time, or broke off. Try again, or work offline with what is cached.`
  return new DownloadError('download_failed', message, { url: plainUrl(url), cause })
}
