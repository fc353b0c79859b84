import { DatasetError } from '../../base/errors.ts'
import { Deadline } from '../../base/waiting/deadline.ts'
import { sleep } from '../../base/waiting/sleep.ts'
import {
  ATTEMPTS,
  backoff,
  isTemporary,
  openStream,
  reasonOf,
  showUrl,
  SILENCE_MS,
  unreachable,
} from './send.ts'
import type { ByteRange } from './store.ts'
import { Patience } from './waits.ts'

/** Makes a GET with these headers. */
export type MakeGet = (headers: Readonly<Record<string, string>>) => Request | Promise<Request>

/**
 * The bytes of an object as they come. Where the connection breaks, the rest is asked for from there; a server that has
 * another object by then, or knows no ranges, ends it. Throws `DatasetError` (`dataset_store_failed`, `dataset_shard_damaged`).
 */
export async function* remoteStream(
  make: MakeGet,
  range: ByteRange | undefined,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array> {
  const patience = new Patience()
  try {
    yield* piecesOf(make, range, patience, signal)
  } finally {
    patience.end()
  }
}

async function* piecesOf(
  make: MakeGet,
  range: ByteRange | undefined,
  patience: Patience,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array> {
  const start = range?.start ?? 0
  const state: State = { start, at: start, end: range?.end, etag: undefined, failures: 0 }
  while (state.end === undefined || state.at < state.end) {
    signal?.throwIfAborted()
    const request = await make(headersFor(state, range !== undefined))
    patience.asks(showUrl(request.url))
    const deadline = new Deadline(SILENCE_MS, signal)
    try {
      const { status, headers, body } = await openStream(request, deadline)
      const isPart = status === 206
      if (status !== 200 && !isPart) throw new Refusal(status)
      note(state, headers, isPart, request.url)
      // A server that knows no ranges sends all, of which a part is wanted.
      for await (const piece of isPart ? body : sliced(body, state, deadline)) {
        deadline.refresh()
        patience.hears()
        state.failures = 0
        state.at += piece.length
        yield piece
      }
      if (state.end === undefined || state.at >= state.end) return
    } catch (cause) {
      signal?.throwIfAborted()
      giveUpIfNeeded(state, request.url, cause)
      patience.fails(showUrl(request.url), cause instanceof Refusal ? cause.message : reasonOf(cause))
      await sleep(backoff(state.failures), signal)
    } finally {
      deadline.end()
    }
  }
}

/** From where the state is to its end, of all bytes of an object. */
async function* sliced(
  body: AsyncIterable<Uint8Array>,
  { at, end = Infinity }: State,
  deadline: Deadline,
): AsyncGenerator<Uint8Array> {
  let place = 0
  for await (const piece of body) {
    deadline.refresh()
    const wanted = piece.subarray(Math.max(0, at - place), Math.max(0, end - place))
    place += piece.length
    if (wanted.length > 0) yield wanted
    if (place >= end) return
  }
}

interface State {
  readonly start: number
  at: number
  /** Where it ends, once that is known. */
  end: number | undefined
  /** What makes sure that it is still the same object. */
  etag: string | undefined
  failures: number
}

class Refusal extends Error {
  constructor(readonly status: number) {
    super(`it answers ${status}`)
  }
}

function headersFor({ at, end, etag }: State, ranged: boolean): Record<string, string> {
  const whole = at === 0 && !ranged
  return {
    'accept-encoding': 'identity',
    ...(whole ? {} : { range: `bytes=${at}-${end === undefined ? '' : end - 1}` }),
    ...(etag === undefined || at === 0 ? {} : { 'if-match': etag }),
  }
}

function note(state: State, headers: Headers, isPart: boolean, url: string): void {
  const coding = headers.get('content-encoding')
  if (coding !== null && isUnpacked(coding)) throw coded(url, coding)
  const etag = headers.get('etag') ?? undefined
  // A weak one says nothing of bytes.
  const isStrong = etag !== undefined && !etag.startsWith('W/')
  if (isStrong) {
    if (state.etag !== undefined && state.etag !== etag) throw changed(url, 'it was changed')
    state.etag = etag
  }
  // From its beginning again it is the same only where it is known to be.
  if (!isPart && state.at > state.start && !isStrong) throw changed(url, 'the server sends no ranges')
  const [, first, total] = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(headers.get('content-range') ?? '') ?? []
  if (isPart && first !== undefined && Number(first) !== state.at)
    throw changed(
      url,
      `the server sends bytes from ${first} on where those from ${state.at} on are asked for`,
    )
  const length = isPart ? total : (headers.get('content-length') ?? undefined)
  if (length !== undefined && length !== '*') state.end = Math.min(state.end ?? Infinity, Number(length))
}

function giveUpIfNeeded(state: State, address: string, cause: unknown): void {
  const url = showUrl(address)
  if (cause instanceof DatasetError) throw cause
  const status = cause instanceof Refusal ? cause.status : undefined
  if (status === 412 || status === 416) throw changed(address, 'it was changed')
  if (status !== undefined && !isTemporary(status)) {
    throw new DatasetError(
      status === 404 ? 'dataset_source_invalid' : 'dataset_store_failed',
      `${url} answers ${status}. Check the address and the credentials.`,
      { url, status },
    )
  }
  if (++state.failures === ATTEMPTS) throw unreachable({ url, cause })
}

const changed = (url: string, why: string): DatasetError =>
  new DatasetError(
    'dataset_shard_damaged',
    `${showUrl(url)} could not be read to its end: ${why}. It is tried again in another run.`,
    { url: showUrl(url) },
  )

/** What `fetch` unpacks; it leaves the bytes where one of the names is another, such as `aws-chunked`. */
const isUnpacked = (coding: string): boolean =>
  coding.split(',').every((name) => /^\s*(?:x-gzip|gzip|deflate|br|zstd)\s*$/i.test(name))

/** What is unpacked on its way has other bytes than its size and its ranges are of. */
const coded = (url: string, coding: string): DatasetError =>
  new DatasetError(
    'dataset_source_invalid',
    `${showUrl(url)} is sent with \`Content-Encoding: ${coding}\`, so that its bytes cannot be counted. Have it served without ` +
      'that header, or fetch it to a disk first.',
    { url: showUrl(url), coding },
  )
