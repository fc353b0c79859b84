import { userHeader, withoutUser } from '../../base/address-user.ts'
import { remoteStream } from './remote-stream.ts'
import { send, showUrl } from './send.ts'
import type { ByteRange, ReadableStore, StoredObject } from './store.ts'

/** What HEAD is answered where only GET is allowed, as with addresses that are signed for it. */
const NO_HEAD: readonly number[] = [400, 401, 403, 405, 501]

/** Files of a web server, by ranges where it knows them. It cannot be listed. */
export class HttpStore implements ReadableStore {
  readonly address: string
  readonly #root: string
  readonly #user: { readonly authorization?: string }

  /** `https://host/`, with a name and a password or without. */
  constructor(root: string) {
    this.address = showUrl(root)
    this.#root = withoutUser(new URL(root)).href
    this.#user = userHeader(new URL(root))
  }

  async *list(): AsyncIterable<StoredObject> {}

  async size(key: string, signal?: AbortSignal): Promise<number | undefined> {
    const { status, headers } = await send(() => this.#request(key, { method: 'HEAD' }), {
      signal,
      takes: [404, 410, ...NO_HEAD],
    })
    if (status === 404 || status === 410) return undefined
    const length = headers.get('content-length')
    if (!NO_HEAD.includes(status) && length !== null) return Number(length)
    return this.#sizeByRange(key, signal)
  }

  /** Where HEAD is not answered. */
  async #sizeByRange(key: string, signal: AbortSignal | undefined): Promise<number | undefined> {
    const { status, headers, body } = await send(
      () => this.#request(key, { headers: { range: 'bytes=0-0' } }),
      {
        signal,
        takes: [404, 410],
      },
    )
    if (status === 404 || status === 410) return undefined
    const [, total] = /\/(\d+)$/.exec(headers.get('content-range') ?? '') ?? []
    return total === undefined ? body.length : Number(total)
  }

  async read(key: string, range?: ByteRange, signal?: AbortSignal): Promise<Uint8Array | undefined> {
    const headers: Record<string, string> = range ? { range: `bytes=${range.start}-${range.end - 1}` } : {}
    const { status, body } = await send(() => this.#request(key, { headers }), { signal, takes: [404, 410] })
    if (status === 404 || status === 410) return undefined
    return range && status === 200 ? body.subarray(range.start, range.end) : body
  }

  stream(key: string, range?: ByteRange, signal?: AbortSignal): AsyncIterable<Uint8Array> {
    return remoteStream((headers) => this.#request(key, { headers }), range, signal)
  }

  #request(key: string, init: RequestInit): Request {
    const asked = init.headers as object
    const headers = { 'accept-encoding': 'identity', 'user-agent': 'icthp', ...this.#user, ...asked }
    return new Request(this.#root + key, { ...init, headers })
  }
}
