import type { IcthpError } from '../../base/errors.ts'
import { DatasetError } from '../../base/errors.ts'
import { hidePasswords } from '../../base/hide-passwords.ts'
import { Deadline } from '../../base/waiting/deadline.ts'
import { sleep } from '../../base/waiting/sleep.ts'
import { retryAfter } from '../../hub/http/retry.ts'
import { withoutQuery } from '../sources/address.ts'
import { Patience } from './waits.ts'

/** Failures in a row after which it is given up: some two minutes of waiting. */
const ATTEMPTS = 10
const FIRST_DELAY_MS = 100
const MAX_DELAY_MS = 30_000
/** A connection that says nothing for so long is taken for broken. */
const SILENCE_MS = 60_000

/** An answer with its body, or the failure to get one whole. */
export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly body: Uint8Array
}

export interface SendOptions {
  readonly signal?: AbortSignal | undefined
  /** Statuses that are an answer, beside 2xx; others are tried again or thrown. */
  readonly takes?: readonly number[]
}

/** Makes the request anew for every try, since signatures and ranges are of their moment. */
export type MakeRequest = () => Request | Promise<Request>

/**
 * Sends a request until there is a whole answer: again after a broken connection, after 408, 409, 429 and 5xx, each time later
 * (with some chance in it, so that a hundred workers do not come back at once). `again`: whether an earlier try may have
 * arrived. Throws `DatasetError` `dataset_store_failed`.
 */
export async function send(
  make: MakeRequest,
  { signal, takes = [] }: SendOptions = {},
): Promise<Answer & { readonly again: boolean }> {
  const patience = new Patience()
  try {
    for (let failures = 0; ;) {
      signal?.throwIfAborted()
      const tried = await attempt(make, patience, signal)
      if ('status' in tried) {
        const { status } = tried
        if ((status >= 200 && status < 300) || takes.includes(status))
          return { ...tried, again: failures > 0 }
        if (!isTemporary(status)) throw refused(tried)
      }
      if (++failures === ATTEMPTS) throw 'status' in tried ? refused(tried) : unreachable(tried)
      patience.fails(tried.url, 'status' in tried ? `it answers ${tried.status}` : reasonOf(tried.cause))
      const asked = 'status' in tried ? (retryAfter(tried.headers) ?? 0) * 1000 : 0
      await sleep(Math.max(Math.min(asked, MAX_DELAY_MS), backoff(failures)), signal)
    }
  } finally {
    patience.end()
  }
}

const backoff = (failures: number): number =>
  Math.min(MAX_DELAY_MS, FIRST_DELAY_MS * 2 ** failures) * (0.5 + Math.random() / 2)

const isTemporary = (status: number): boolean =>
  status === 408 || status === 409 || status === 429 || status >= 500

interface Tried extends Answer {
  readonly url: string
}
interface Broken {
  readonly url: string
  readonly cause: unknown
}

async function attempt(
  make: MakeRequest,
  patience: Patience,
  signal: AbortSignal | undefined,
): Promise<Tried | Broken> {
  const request = await make()
  const url = showUrl(request.url)
  patience.asks(url)
  const deadline = new Deadline(SILENCE_MS, signal)
  try {
    const response = await fetch(request, { signal: deadline.signal })
    patience.hears()
    const body = await readWhole(response, deadline)
    return { url, status: response.status, headers: response.headers, body }
  } catch (cause) {
    signal?.throwIfAborted()
    return { url, cause }
  } finally {
    deadline.end()
  }
}

async function readWhole({ body, headers }: Response, deadline: Deadline): Promise<Uint8Array> {
  const pieces: Uint8Array[] = []
  if (body)
    for await (const piece of body) {
      deadline.refresh()
      pieces.push(piece as Uint8Array)
    }
  const bytes = Buffer.concat(pieces)
  const length = headers.get('content-length')
  if (body && length !== null && headers.get('content-encoding') === null && bytes.length !== Number(length))
    throw new Error(`${bytes.length} of ${length} bytes came`)
  return bytes
}

/** Opens a stream of a response that is 200 or 206, once; what goes wrong on the way is the caller's. */
export async function openStream(
  request: Request,
  deadline: Deadline,
): Promise<{ readonly status: number; readonly headers: Headers; readonly body: AsyncIterable<Uint8Array> }> {
  const { status, headers, body } = await fetch(request, { signal: deadline.signal })
  return { status, headers, body: (body ?? []) as AsyncIterable<Uint8Array> }
}

/** Without what signs it. */
export const showUrl = (url: string): string => hidePasswords(withoutQuery(url))

function refused({ url, status, headers, body }: Tried): IcthpError {
  const [, code] = /<Code>([^<]{1,80})<\/Code>/.exec(new TextDecoder().decode(body.subarray(0, 2000))) ?? []
  return new DatasetError(
    'dataset_store_failed',
    `${url} answers ${status}${code ? ` (${code})` : ''}. ${adviceOn(status, headers)}`,
    { url, status, ...(code ? { reason: code } : {}) },
  )
}

function adviceOn(status: number, headers: Headers): string {
  const region = headers.get('x-amz-bucket-region')
  if (region !== null && (status === 301 || status === 307 || status === 400))
    return `The bucket is in ${region}: set AWS_REGION=${region}.`
  if (status === 401 || status === 403) return 'Check the credentials and what they may do.'
  return 'Check the address, and try again.'
}

export function unreachable({ url, cause }: Broken): IcthpError {
  const why = reasonOf(cause)
  return new DatasetError('dataset_store_failed', `${url} gives no answer (${why}). Check the network.`, {
    url,
    reason: why,
    cause,
  })
}

/** Why a connection broke, as short as the system says it. */
export function reasonOf(cause: unknown): string {
  const inner = (cause as { cause?: NodeJS.ErrnoException }).cause
  return inner?.code ?? inner?.message ?? (cause instanceof Error ? cause.message : String(cause))
}

export { ATTEMPTS, backoff, isTemporary, SILENCE_MS }
