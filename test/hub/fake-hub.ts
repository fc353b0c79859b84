import { createHash } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { sha256 } from '../sha256.ts'

/** What one request was, and how many body bytes it was sent. */
export interface Served {
  readonly host: 'hub' | 'cdn'
  readonly method: string
  /** Without query. */
  readonly path: string
  readonly range: string | undefined
  readonly authorization: string | undefined
  bytes: number
}

/** What goes wrong with the next request for a file's content. */
export type Trouble =
  | { readonly status: number; readonly headers?: Record<string, string> }
  /** Hangs up after so many bytes of the body. */
  | { readonly breakAfter: number }
  | { readonly ignoreRange: true }
  /** Waits after the head and each 16 KiB of the body. */
  | { readonly slow: number }

interface Repository {
  readonly commit: string
  readonly files: Map<string, Buffer>
  readonly token: string | undefined
  readonly gated: boolean
}

/** Speaks the routes of a Hugging Face hub on loopback addresses: files of 1 kB and more are LFS files on a second server. */
export class FakeHub {
  readonly served: Served[] = []
  readonly #repositories = new Map<string, Repository>()
  readonly #blobs = new Map<string, Buffer>()
  readonly #troubles = new Map<string, Trouble[]>()
  readonly #hub: Server
  readonly #cdn: Server

  private constructor() {
    this.#hub = createServer((request, response) => this.#answerHub(request, response))
    this.#cdn = createServer((request, response) => this.#answerCdn(request, response))
  }

  static async start(): Promise<FakeHub> {
    const hub = new FakeHub()
    // Two host names, since clients that see the same one (Python's does) take it for the same house.
    await new Promise<void>((resolve) => hub.#hub.listen(0, '127.0.0.1', resolve))
    await new Promise<void>((resolve) => hub.#cdn.listen(0, 'localhost', resolve))
    return hub
  }

  async stop(): Promise<void> {
    for (const server of [this.#hub, this.#cdn]) {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    }
  }

  get endpoint(): string {
    return `http://127.0.0.1:${port(this.#hub)}`
  }

  /** Returns the commit. */
  add(
    name: string,
    files: Record<string, Buffer | string>,
    options: { token?: string; gated?: boolean } = {},
  ): string {
    const entries = Object.entries(files).map(([path, content]) => [path, Buffer.from(content)] as const)
    const commit = createHash('sha1')
      .update(JSON.stringify([name, entries]))
      .digest('hex')
    this.#repositories.set(name, {
      commit,
      files: new Map(entries),
      token: options.token,
      gated: options.gated ?? false,
    })
    for (const [, content] of entries) this.#blobs.set(sha256(content), content)
    return commit
  }

  /** Sends other bytes than the digest says. */
  corrupt(content: Buffer, instead: Buffer): void {
    this.#blobs.set(sha256(content), instead)
  }

  /** Troubles for the next requests (GET, or any of the API) whose path ends so, one each. */
  trouble(pathEnd: string, ...troubles: Trouble[]): void {
    this.#troubles.set(pathEnd, troubles)
  }

  /** Body bytes that the file server has sent for a file. */
  bytesOf(content: Buffer): number {
    return this.served
      .filter(({ path }) => path === `/${sha256(content)}`)
      .reduce((sum, { bytes }) => sum + bytes, 0)
  }

  rangesOf(content: Buffer): (string | undefined)[] {
    return this.served.filter(({ path }) => path === `/${sha256(content)}`).map(({ range }) => range)
  }

  #log(host: 'hub' | 'cdn', request: IncomingMessage): Served {
    const { range, authorization } = request.headers
    const path = new URL(request.url!, 'http://x').pathname
    const served: Served = { host, method: request.method!, path, range, authorization, bytes: 0 }
    this.served.push(served)
    return served
  }

  #nextTrouble(path: string): Trouble | undefined {
    for (const [end, troubles] of this.#troubles) if (path.endsWith(end)) return troubles.shift()
    return undefined
  }

  #answerHub(request: IncomingMessage, response: ServerResponse): void {
    const served = this.#log('hub', request)
    const api = /^\/api\/models\/([^/]+\/[^/]+)\/revision\/([^/]+)$/.exec(served.path)
    const file = /^\/([^/]+\/[^/]+)\/resolve\/([^/]+)\/(.+)$/.exec(served.path)
    const [, name, revision, path] = api ?? file ?? []
    const trouble = served.method === 'HEAD' ? undefined : this.#nextTrouble(served.path)
    if (trouble && 'status' in trouble) return refuse(response, trouble.status, undefined, trouble.headers)
    const repository = this.#repositories.get(name ?? '')
    const open =
      repository && (repository.token === undefined || served.authorization === `Bearer ${repository.token}`)
    // As the hub does: who is not logged in is not told whether it exists.
    if (!open) return refuse(response, served.authorization === undefined ? 401 : 404, 'RepoNotFound')
    if (revision !== 'main' && revision !== repository.commit)
      return refuse(response, 404, 'RevisionNotFound')
    if (api) return json(response, { id: name, sha: repository.commit })
    const commit = { 'x-repo-commit': repository.commit }
    if (repository.gated) return refuse(response, 403, 'GatedRepo', commit)
    const content = repository.files.get(decodeURIComponent(path!))
    if (content === undefined) return refuse(response, 404, 'EntryNotFound', commit)
    if (content.length < 1000) {
      const etag = createHash('sha1').update(`blob ${content.length}\0`).update(content).digest('hex')
      return this.#send(
        request,
        response,
        served,
        this.#blobs.get(sha256(content))!,
        { ...commit, etag: `"${etag}"` },
        trouble,
      )
    }
    response.writeHead(302, {
      ...commit,
      location: `http://localhost:${port(this.#cdn)}/${sha256(content)}?signature=secret`,
      'x-linked-etag': `"${sha256(content)}"`,
      'x-linked-size': String(content.length),
    })
    response.end()
  }

  #answerCdn(request: IncomingMessage, response: ServerResponse): void {
    const served = this.#log('cdn', request)
    const content = this.#blobs.get(served.path.slice(1))
    if (content === undefined) return refuse(response, 404, undefined)
    const trouble = this.#nextTrouble(served.path)
    if (trouble && 'status' in trouble) return refuse(response, trouble.status, undefined, trouble.headers)
    this.#send(request, response, served, content, { etag: '"of-the-file-server"' }, trouble)
  }

  #send(
    request: IncomingMessage,
    response: ServerResponse,
    served: Served,
    content: Buffer,
    headers: Record<string, string>,
    trouble: Trouble | undefined,
  ): void {
    const asked =
      trouble && 'ignoreRange' in trouble ? undefined : /^bytes=(\d+)-(\d*)$/.exec(served.range ?? '')
    const from = Number(asked?.[1] ?? 0)
    if (asked && from >= content.length) return refuse(response, 416, undefined)
    const body = content.subarray(from, asked?.[2] ? Number(asked[2]) + 1 : undefined)
    const range = asked
      ? { 'content-range': `bytes ${from}-${from + body.length - 1}/${content.length}` }
      : {}
    response.writeHead(asked ? 206 : 200, {
      ...headers,
      ...range,
      'content-length': body.length,
      'accept-ranges': 'bytes',
    })
    if (request.method === 'HEAD') return void response.end()
    const end = trouble && 'breakAfter' in trouble ? trouble.breakAfter : body.length
    const pause = trouble && 'slow' in trouble ? trouble.slow : 0
    response.flushHeaders()
    const step = (at: number): void => {
      if (response.destroyed) return
      const block = body.subarray(at, Math.min(at + 16_384, end))
      const done = at + block.length >= end
      served.bytes += block.length
      response.write(block, () => {
        if (!done) setTimeout(step, pause, at + block.length)
        else if (end === body.length) response.end()
        // The bytes must be gone before the line is cut, else the client never sees them.
        else setTimeout(() => response.destroy(), 30)
      })
    }
    if (pause > 0) setTimeout(step, pause, 0)
    else step(0)
  }
}

/** Bytes that are not all alike. */
export function noise(bytes: number, seed = 1): Buffer {
  const out = Buffer.alloc(bytes)
  for (let i = 0, state = seed; i < bytes; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    out[i] = state >>> 24
  }
  return out
}

function port(server: Server): number {
  return (server.address() as AddressInfo).port
}

function refuse(
  response: ServerResponse,
  status: number,
  code: string | undefined,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, { ...headers, ...(code === undefined ? {} : { 'x-error-code': code }) })
  response.end()
}

function json(response: ServerResponse, value: unknown): void {
  response.writeHead(200, { 'content-type': 'application/json' })
  response.end(JSON.stringify(value))
}
