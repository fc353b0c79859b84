import { randomUUID } from 'node:crypto'
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { AwsClient } from 'aws4fetch'
import type { Environment } from '../../base/environment.ts'
import { DatasetError } from '../../base/errors.ts'
import { asFolder } from '../sources/address.ts'
import { remoteStream } from './remote-stream.ts'
import { CredentialSource } from './s3-credentials.ts'
import { readListing } from './s3-listing.ts'
import { send, type SendOptions } from './send.ts'
import type { ByteRange, Store, StoredObject } from './store.ts'

/** Says whose an object is: of a request that broke, nobody knows whether it arrived. */
const WRITER = 'x-amz-meta-icthp-writer'

/**
 * An object is written by one request, since that alone is written once everywhere; a file of more is not read in one piece.
 * Amazon takes 5 GB.
 */
const MAX_PUT = 2 ** 31 - 1

const tooLarge = (address: string, size: number): DatasetError =>
  new DatasetError(
    'dataset_store_failed',
    `${address} would have ${size} bytes, and a part in a bucket has ${MAX_PUT} at most. Use smaller shards, --embeddings float16 ` +
      'or none, or a folder for --out.',
    { store: address, size },
  )

/** A prefix of a bucket: `s3://bucket/prefix/`. Place and credentials are where AWS's own tools look for them. */
export function openS3(address: string, env: Environment = process.env): Store {
  const place = address.slice('s3://'.length)
  const end = place.indexOf('/')
  return new S3Store(place.slice(0, end), place.slice(end + 1), env)
}

class S3Store implements Store {
  readonly address: string
  readonly #endpoint: string
  readonly #region: string
  readonly #credentials: CredentialSource
  #drafts: Promise<string> | undefined

  constructor(
    bucket: string,
    private readonly prefix: string,
    env: Environment,
  ) {
    this.address = `s3://${bucket}/${prefix}`
    this.#region = env['AWS_REGION'] || env['AWS_DEFAULT_REGION'] || 'us-east-1'
    const given = env['AWS_ENDPOINT_URL_S3'] || env['AWS_ENDPOINT_URL']
    // Names with dots do not fit Amazon's certificate; other stores are asked by path.
    const isPlain = !given && !bucket.includes('.')
    const amazon = `s3.${this.#region}.amazonaws.com${this.#region.startsWith('cn-') ? '.cn' : ''}`
    const host = asFolder(given || `https://${amazon}`)
    this.#endpoint = isPlain ? `https://${bucket}.${amazon}/` : `${host}${bucket}/`
    this.#credentials = new CredentialSource(env)
  }

  async *list(prefix: string, signal?: AbortSignal): AsyncIterable<StoredObject> {
    let token: string | undefined
    do {
      const query = new URLSearchParams({
        'list-type': '2',
        'encoding-type': 'url',
        prefix: this.prefix + prefix,
        ...(token === undefined ? {} : { 'continuation-token': token }),
      })
      const { body } = await this.#send('GET', '', { signal, query })
      const listing = readListing(new TextDecoder().decode(body))
      for (const { key, size } of listing.objects) yield { key: key.slice(this.prefix.length), size }
      token = listing.next
    } while (token !== undefined)
  }

  async size(key: string, signal?: AbortSignal): Promise<number | undefined> {
    const { status, headers } = await this.#send('HEAD', key, { signal, takes: [404] })
    return status === 404 ? undefined : Number(headers.get('content-length') ?? 0)
  }

  async read(key: string, range?: ByteRange, signal?: AbortSignal): Promise<Uint8Array | undefined> {
    if (range && range.end <= range.start) return new Uint8Array()
    const headers: Record<string, string> = range ? { range: `bytes=${range.start}-${range.end - 1}` } : {}
    const { status, body } = await this.#send('GET', key, { signal, headers, takes: [404] })
    if (status === 404) return undefined
    return range && status === 200 ? body.subarray(range.start, range.end) : body
  }

  stream(key: string, range?: ByteRange, signal?: AbortSignal): AsyncIterable<Uint8Array> {
    return remoteStream((headers) => this.#request('GET', key, { headers }), range, signal)
  }

  async create(key: string, bytes: Uint8Array): Promise<boolean> {
    const writer = randomUUID()
    const headers = { 'if-none-match': '*', [WRITER]: writer }
    const { status, again } = await this.#send('PUT', key, { headers, body: bytes, takes: [412] })
    if (status !== 412) return true
    if (!again) return false
    // The try whose answer was lost may be what is there.
    const found = await this.#send('HEAD', key, { takes: [404] })
    return found.headers.get(WRITER) === writer
  }

  async createFromFile(key: string, path: string): Promise<boolean> {
    try {
      const { size } = await stat(path)
      if (size > MAX_PUT) throw tooLarge(this.address + key, size)
      return await this.create(key, await readFile(path))
    } finally {
      await rm(path, { force: true })
    }
  }

  async draft(): Promise<string> {
    const folder = await (this.#drafts ??= mkdtemp(join(tmpdir(), 'icthp-parts-')))
    return join(folder, randomUUID())
  }

  async renew(key: string, bytes: Uint8Array): Promise<boolean> {
    if ((await this.size(key)) === undefined) return false
    await this.#send('PUT', key, { body: bytes })
    return true
  }

  async age(key: string): Promise<number | undefined> {
    const { status, headers } = await this.#send('HEAD', key, { takes: [404] })
    if (status === 404) return undefined
    // Both are the server's, so that no clock of ours counts. They have whole seconds.
    const written = Date.parse(headers.get('last-modified') ?? '')
    const now = Date.parse(headers.get('date') ?? '')
    return Number.isNaN(written) || Number.isNaN(now) ? 0 : now - written
  }

  async remove(key: string): Promise<void> {
    await this.#send('DELETE', key, { takes: [404] })
  }

  #send(method: string, key: string, options: RequestParts & SendOptions): ReturnType<typeof send> {
    const { signal, takes, ...parts } = options
    return send(() => this.#request(method, key, parts), { signal, ...(takes ? { takes } : {}) })
  }

  async #request(method: string, key: string, { headers, body, query }: RequestParts): Promise<Request> {
    const { accessKeyId, secretAccessKey, sessionToken } = await this.#credentials.get()
    const client = new AwsClient({
      accessKeyId,
      secretAccessKey,
      service: 's3',
      region: this.#region,
      ...(sessionToken === undefined ? {} : { sessionToken }),
    })
    // The bucket itself is asked with a query, objects by their whole keys.
    const path = query ? '' : (this.prefix + key).split('/').map(encoded).join('/')
    // A space as it is signed: `+` is one to some stores alone.
    const asked = query ? `?${query.toString().replaceAll('+', '%20')}` : ''
    return client.sign(`${this.#endpoint}${path}${asked}`, {
      method,
      ...(headers ? { headers } : {}),
      ...(body ? { body: body as BodyInit } : {}),
    })
  }
}

/** As it is signed: stores compare what they are sent with that. */
const encoded = (part: string): string =>
  encodeURIComponent(part).replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`)

interface RequestParts {
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: Uint8Array
  readonly query?: URLSearchParams
}
