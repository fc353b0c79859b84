import type { Hash } from 'node:crypto'
import type { FileHandle } from 'node:fs/promises'
import { Deadline } from '../../deadline.ts'
import { DownloadError } from '../../errors.ts'
import { sleep } from '../../sleep.ts'
import { ByteProgress } from './byte-progress.ts'
import type { Download } from './download-node.ts'
import type { CheckOptions } from '../file-check.ts'
import { hashFile, startHash } from '../hash-node.ts'
import { isTemporary, responseError } from '../huggingface/hub-protocol.ts'
import { request } from './request-node.ts'
import { type RetryPolicy, retryDelay } from './retry.ts'
import { isErrno } from '../stored-file-node.ts'

// A connection that says nothing for so long is taken for broken.
const SILENCE = 60_000

/** Why a connection did not bring the rest, and whether the next one may. */
interface Failure {
  readonly error: DownloadError
  readonly again: boolean
  readonly retryAfter?: string | null
}

/** The state of one file on its way: how far it is, and the hash up to there. */
export class Transfer {
  readonly #partial: string
  readonly #handle: FileHandle
  readonly #file: Download
  readonly #options: CheckOptions
  readonly #progress: ByteProgress
  #position = 0
  #hash: Hash

  constructor(partial: string, handle: FileHandle, file: Download, options: CheckOptions) {
    this.#partial = partial
    this.#handle = handle
    this.#file = file
    this.#options = options
    this.#progress = new ByteProgress(options.onProgress, 'download', file.item, file.size)
    this.#hash = this.#freshHash()
  }

  digest(): string {
    return this.#hash.digest('hex')
  }

  /** Takes in what an earlier try has left. */
  async begin(): Promise<void> {
    const { signal, onProgress } = this.#options
    const { size } = await this.#handle.stat()
    if (size === 0) return
    if (this.#file.size !== undefined && size > this.#file.size) return this.#startOver()
    const progress = new ByteProgress(onProgress, 'verify', this.#file.item, size)
    this.#position = await hashFile(this.#partial, this.#hash, { signal, progress })
  }

  /** Fetches the rest, however many connections it takes. */
  async complete(retry: RetryPolicy): Promise<void> {
    const { signal } = this.#options
    // Only bytes never seen before count as headway: a server that breaks off and refuses to go on must end too.
    let furthest = this.#position
    for (let failures = 0; this.#position !== this.#file.size; ) {
      const failure = await this.#connect()
      if (failure === undefined) break
      failures = this.#position > furthest ? 1 : failures + 1
      furthest = Math.max(furthest, this.#position)
      if (!failure.again || failures >= retry.attempts) throw failure.error
      await sleep(retryDelay(retry, failures, failure.retryAfter), signal)
    }
    this.#progress.report(this.#position)
  }

  /** One connection. */
  async #connect(): Promise<Failure | undefined> {
    const { signal } = this.#options
    const deadline = new Deadline(SILENCE, signal)
    try {
      const response = await request(this.#file.url, {
        auth: this.#file.auth,
        signal: deadline.signal,
        ...(this.#position > 0 ? { headers: { range: `bytes=${this.#position}-` } } : {}),
      })
      const refusal = await this.#readHead(response)
      if (refusal !== undefined) return refusal
      const reader = response.body?.getReader()
      // Fetch does not always see an abort once the head is here (Node 20).
      deadline.signal.addEventListener('abort', () => void reader?.cancel().catch(() => undefined), { once: true })
      for (let read = await reader?.read(); read !== undefined && !read.done; read = await reader?.read()) {
        deadline.refresh()
        if (!this.#fits(read.value.length)) return { error: this.#wrongSize(`more than ${this.#position}`), again: false }
        await this.#write(read.value)
      }
      deadline.signal.throwIfAborted()
      const whole = this.#file.size === undefined || this.#position === this.#file.size
      return whole ? undefined : { error: this.#broken(undefined), again: true }
    } catch (error) {
      signal?.throwIfAborted()
      if (isErrno(error, 'ENOSPC', 'EDQUOT')) throw error
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
    return { error, again: unserved || isTemporary(status), retryAfter: headers.get('retry-after') }
  }

  #fits(bytes: number): boolean {
    return this.#file.size === undefined || this.#position + bytes <= this.#file.size
  }

  async #write(chunk: Uint8Array): Promise<void> {
    this.#hash.update(chunk)
    for (let done = 0; done < chunk.length; ) {
      const { bytesWritten } = await this.#handle.write(chunk, done, chunk.length - done, this.#position + done)
      done += bytesWritten
    }
    this.#position += chunk.length
    this.#progress.report(this.#position)
  }

  async #startOver(): Promise<void> {
    await this.#handle.truncate(0)
    this.#position = 0
    this.#hash = this.#freshHash()
  }

  #freshHash(): Hash {
    return startHash(this.#file.digest?.algorithm ?? 'sha256', this.#file.size)
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
