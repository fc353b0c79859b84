import { DownloadError } from '../../base/errors.ts'
import { Deadline } from '../../base/waiting/deadline.ts'
import type { CheckOptions } from '../files/file-check.ts'
import {
  isTemporary,
  type RemoteDigest,
  type RemoteName,
  responseError,
} from '../huggingface/hub-protocol.ts'
import { ByteProgress } from './byte-progress.ts'
import type { RetryPolicy } from './retry.ts'
import { waitToRetry } from './wait-to-retry.ts'

/** One file to fetch. */
export interface RemoteContent {
  readonly url: string
  readonly name: RemoteName
  /** What its progress is called. */
  readonly item: string
  readonly auth?: unknown
  readonly size?: number | undefined
  readonly digest?: RemoteDigest | undefined
}

/** A hash that takes its input piece by piece. */
export interface StreamHash {
  update(bytes: Uint8Array): unknown
  digest(encoding: 'hex'): string
}

/** Where the bytes of a file go, and stay from one try to the next. */
export interface TransferSink {
  /** Bytes that an earlier try has left. */
  size(): Promise<number>
  /** Feeds these to `hash`. */
  read(
    hash: StreamHash,
    options: { readonly signal?: AbortSignal | undefined; readonly progress: ByteProgress },
  ): Promise<void>
  /** `position` is where the last write ended. */
  write(bytes: Uint8Array, position: number): Promise<void>
  /** Forgets everything. */
  clear(): Promise<void>
}

/** What the platform brings. `send` rejects with `DownloadError` where there is no answer, and returns those of any status. */
export interface TransferPlatform {
  readonly sink: TransferSink
  startHash(): StreamHash
  send(range: Readonly<Record<string, string>>, signal: AbortSignal): Promise<Response>
}

// A connection that says nothing for so long is taken for broken.
const SILENCE = 60_000

/** Why a connection did not bring the rest, and whether the next one may. */
interface Failure {
  readonly error: DownloadError
  readonly again: boolean
}

/** The state of one file on its way: how far it is, and the hash up to there. */
export class Transfer {
  readonly #platform: TransferPlatform
  readonly #file: RemoteContent
  readonly #options: CheckOptions
  readonly #progress: ByteProgress
  #position = 0
  #hash: StreamHash

  constructor(platform: TransferPlatform, file: RemoteContent, options: CheckOptions) {
    this.#platform = platform
    this.#file = file
    this.#options = options
    this.#progress = new ByteProgress(options.onProgress, 'download', file.item, file.size)
    this.#hash = platform.startHash()
  }

  digest(): string {
    return this.#hash.digest('hex')
  }

  /** Takes in what an earlier try has left. */
  async begin(): Promise<void> {
    const { signal, onProgress } = this.#options
    const { sink } = this.#platform
    const size = await sink.size()
    if (size === 0) return
    if (this.#file.size !== undefined && size > this.#file.size) return this.#startOver()
    const progress = new ByteProgress(onProgress, 'verify', this.#file.item, size)
    await sink.read(this.#hash, { signal, progress })
    this.#position = size
  }

  /** Fetches the rest, however many connections it takes. */
  async complete(retry: RetryPolicy): Promise<void> {
    // Only bytes never seen before count as headway: a server that breaks off and refuses to go on must end too.
    let furthest = this.#position
    for (let failures = 0; this.#position !== this.#file.size;) {
      const failure = await this.#connect()
      if (failure === undefined) break
      failures = this.#position > furthest ? 1 : failures + 1
      furthest = Math.max(furthest, this.#position)
      if (!failure.again || failures >= retry.attempts) throw failure.error
      await waitToRetry(retry, failures, failure.error, this.#options)
    }
    this.#progress.report(this.#position)
  }

  /** One connection. */
  async #connect(): Promise<Failure | undefined> {
    const { signal } = this.#options
    const deadline = new Deadline(SILENCE, signal)
    try {
      const range: Record<string, string> = this.#position > 0 ? { range: `bytes=${this.#position}-` } : {}
      const response = await this.#platform.send(range, deadline.signal)
      const refusal = await this.#readHead(response)
      if (refusal !== undefined) return refusal
      const reader = response.body?.getReader()
      // Fetch does not always see an abort once the head is here (Node 20).
      deadline.signal.addEventListener('abort', () => void reader?.cancel().catch(() => undefined), {
        once: true,
      })
      for (let read = await reader?.read(); read !== undefined && !read.done; read = await reader?.read()) {
        deadline.refresh()
        if (!this.#fits(read.value.length))
          return { error: this.#wrongSize(`more than ${this.#position}`), again: false }
        await this.#write(read.value)
      }
      deadline.signal.throwIfAborted()
      const whole = this.#file.size === undefined || this.#position === this.#file.size
      return whole ? undefined : { error: this.#broken(undefined), again: true }
    } catch (error) {
      signal?.throwIfAborted()
      if (error instanceof SinkFailure) throw error.cause
      return { error: error instanceof DownloadError ? error : this.#broken(error), again: true }
    } finally {
      deadline.end()
    }
  }

  /** Looks at the head of an answer: `undefined` where its body begins at `#position`. */
  async #readHead({ status, headers }: Response): Promise<Failure | undefined> {
    const { size, name, auth } = this.#file
    const from = /^bytes (\d+)-/.exec(headers.get('content-range') ?? '')?.[1]
    if (status === 206 && Number(from) === this.#position) return undefined
    if (status === 200) {
      if (this.#position > 0) await this.#startOver()
      const length = headers.has('content-encoding') ? null : headers.get('content-length')
      const other = size !== undefined && length !== null && Number(length) !== size
      return other ? { error: this.#wrongSize(length), again: false } : undefined
    }
    // A range that the server will not serve: what is here may be of another file.
    const unserved = this.#position > 0 && (status === 206 || status === 416)
    if (unserved) await this.#startOver()
    const error = responseError(status, headers, name, auth !== undefined)
    return { error, again: unserved || isTemporary(status) }
  }

  #fits(bytes: number): boolean {
    return this.#file.size === undefined || this.#position + bytes <= this.#file.size
  }

  async #write(chunk: Uint8Array): Promise<void> {
    this.#hash.update(chunk)
    try {
      await this.#platform.sink.write(chunk, this.#position)
    } catch (cause) {
      throw new SinkFailure(cause)
    }
    this.#position += chunk.length
    this.#progress.report(this.#position)
  }

  async #startOver(): Promise<void> {
    await this.#platform.sink.clear()
    this.#position = 0
    this.#hash = this.#platform.startHash()
  }

  #wrongSize(bytes: string): DownloadError {
    const { size, name } = this.#file
    return new DownloadError(
      'download_failed',
      `${name.url} sends ${bytes} bytes, not the ${size} that were announced. Try again; if it stays so, a proxy or mirror ` +
        '(HF_ENDPOINT) answers in its stead.',
      { ...name, bytes, expected: size },
    )
  }

  #broken(cause: unknown): DownloadError {
    const { size, name } = this.#file
    return new DownloadError(
      'download_interrupted',
      `The connection broke after ${this.#position}${size === undefined ? '' : ` of ${size}`} bytes of ${name.url}. ` +
        'What has arrived is kept: run the same again to go on.',
      { ...name, loaded: this.#position, ...(size === undefined ? {} : { total: size }), cause },
    )
  }
}

/** No new connection helps where the bytes cannot be kept. */
class SinkFailure extends Error {
  constructor(override readonly cause: unknown) {
    super('the bytes cannot be kept')
  }
}
