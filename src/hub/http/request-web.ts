import { DownloadError } from '../../base/errors.ts'
import { Deadline } from '../../base/waiting/deadline.ts'
import { plainUrl, responseError } from '../huggingface/hub-protocol.ts'

export type Fetch = (url: string, init: RequestInit) => Promise<Response>

// A question is small; a server that is slower is as good as down, and what is kept may do.
const TEXT_TIMEOUT = 10_000

/** A small text of a model folder, none where the server has no such file, and the commit that it is of. Throws `DownloadError`. */
export async function askText(
  fetch: Fetch,
  url: string,
  path: string,
): Promise<{ readonly text: string | undefined; readonly commit: string | undefined }> {
  const deadline = new Deadline(TEXT_TIMEOUT)
  try {
    const response = await send(fetch, url, { cache: 'no-cache', signal: deadline.signal })
    const commit = response.headers.get('x-repo-commit') ?? undefined
    // Servers of single-page applications answer with the page where there is no such file.
    const page = path.endsWith('.json') && response.headers.get('content-type')?.startsWith('text/html')
    if (page || response.status === 404 || response.status === 410) return { text: undefined, commit }
    if (!response.ok)
      throw responseError(response.status, response.headers, { path, url: plainUrl(url) }, false)
    return { text: await response.text(), commit }
  } catch (cause) {
    if (cause instanceof DownloadError) throw cause
    throw unreachable(url, cause)
  } finally {
    deadline.end()
  }
}

/** Throws `DownloadError` where there is no answer, and the signal's reason. */
export async function send(fetch: Fetch, url: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(url, init)
  } catch (cause) {
    init.signal?.throwIfAborted()
    throw unreachable(url, cause)
  }
}

function unreachable(url: string, cause: unknown): DownloadError {
  return new DownloadError(
    'download_failed',
    `No answer from ${new URL(url).host} (${(cause as Error).message}). Check the network, and that the server allows this page ` +
      'to read it (CORS: Access-Control-Allow-Origin).',
    { url: plainUrl(url), cause },
  )
}
