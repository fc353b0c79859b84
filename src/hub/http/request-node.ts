import { userHeader, withoutUser } from '../../base/address-user.ts'
import { DownloadError } from '../../base/errors.ts'
import { plainUrl } from '../huggingface/hub-protocol.ts'

export interface RequestOptions {
  readonly method?: 'GET' | 'HEAD'
  readonly headers?: Readonly<Record<string, string>>
  readonly auth?: Auth | undefined
  readonly signal?: AbortSignal | undefined
  /** Looks at each redirect; `true` ends there, and the redirect itself is the answer. */
  readonly stopAt?: (redirect: Response) => boolean
}

/** A token and the one origin that may see it. */
export interface Auth {
  readonly origin: string
  readonly token: string
}

const MAX_REDIRECTS = 8

/**
 * `fetch` that follows redirects by itself, so that the token goes to its own origin only: hubs redirect to the signed
 * addresses of other hosts. Answers of any status are returned; no answer is a `DownloadError` `download_failed`.
 */
export async function request(address: string, options: RequestOptions = {}): Promise<Response> {
  let url = address
  for (let redirects = 0; ; redirects++) {
    const response = await send(url, options)
    const location = response.status >= 300 && response.status < 400 ? response.headers.get('location') : null
    if (location === null || options.stopAt?.(response)) return response
    await response.body?.cancel()
    if (redirects === MAX_REDIRECTS || !URL.canParse(location, url)) {
      const message = `${plainUrl(address)} redirects ${redirects + 1} times, to nowhere. Check the address.`
      throw new DownloadError('download_failed', message, { url: plainUrl(address) })
    }
    url = new URL(location, url).href
  }
}

async function send(
  address: string,
  { method = 'GET', headers, auth, signal }: RequestOptions,
): Promise<Response> {
  const url = new URL(address)
  const ours = auth !== undefined && url.origin === auth.origin
  const authorization: Record<string, string> = ours ? { authorization: `Bearer ${auth.token}` } : {}
  try {
    return await fetch(withoutUser(url), {
      method,
      redirect: 'manual',
      // Without `identity`, lengths and ranges would be those of compressed text.
      headers: {
        'accept-encoding': 'identity',
        'user-agent': 'icthp',
        ...headers,
        ...userHeader(url),
        ...authorization,
      },
      ...(signal === undefined ? {} : { signal }),
    })
  } catch (cause) {
    signal?.throwIfAborted()
    throw unreachable(address, cause)
  }
}

function unreachable(url: string, cause: unknown): DownloadError {
  const reason = (cause as { cause?: NodeJS.ErrnoException }).cause
  const why = reason?.code ?? reason?.message ?? String(cause)
  const behindProxy = ['HTTPS_PROXY', 'https_proxy', 'HTTP_PROXY', 'http_proxy'].some(
    (name) => process.env[name],
  )
  const proxy = behindProxy
    ? ' Set NODE_USE_ENV_PROXY=1 to go through the proxy (Node 22.21, 24 and newer).'
    : ''
  return new DownloadError(
    'download_failed',
    `No answer from ${new URL(url).host} (${why}). Check the network and HF_ENDPOINT, or work offline with what is ` +
      `cached.${proxy}`,
    { url: plainUrl(url), reason: why, cause },
  )
}
