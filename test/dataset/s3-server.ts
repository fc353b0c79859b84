import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import S3rver from 's3rver'

/** How the proxy before the server behaves. */
export interface S3Faults {
  /** Default true: a PUT with `If-None-Match: *` on what is there is 412. s3rver itself ignores the header. */
  readonly writeOnce?: boolean
  /** Every so many requests, 503. */
  readonly refuse?: number
  /** Every so many requests, the connection is cut: before the request arrives, after it, or in the answer, in turn. */
  readonly cut?: number
}

export interface S3Server {
  readonly env: Readonly<Record<string, string>>
  /** Requests that came, by what became of them. */
  readonly counts: { requests: number; refused: number; cut: number }
  close(): Promise<void>
}

/** A server of the bucket `bucket`, and before it a proxy that honours `If-None-Match` and has faults as asked for. */
export async function startS3(faults: S3Faults = {}): Promise<S3Server> {
  const directory = await mkdtemp(join(tmpdir(), 'icthp-s3-'))
  const s3 = new S3rver({
    port: 0,
    address: '127.0.0.1',
    silent: true,
    directory,
    configureBuckets: [{ name: 'bucket', configs: [] }],
  })
  const address = await s3.run()
  const counts = { requests: 0, refused: 0, cut: 0 }
  const proxy = new Proxy(address.port, faults, counts)
  const server = createServer((req, res) => void proxy.take(req, res))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    env: {
      AWS_ENDPOINT_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      AWS_ACCESS_KEY_ID: 'S3RVER',
      AWS_SECRET_ACCESS_KEY: 'S3RVER',
      AWS_REGION: 'us-east-1',
    },
    counts,
    close: async () => {
      await closed(server)
      await s3.close()
      await rm(directory, { recursive: true, force: true })
    },
  }
}

function closed(server: Server): Promise<void> {
  server.closeAllConnections()
  return new Promise((resolve) => server.close(() => resolve()))
}

class Proxy {
  /** PUTs of one object wait for each other, or two could both find nothing there. */
  readonly #turns = new Map<string, Promise<void>>()
  /** All that is written comes this way. */
  readonly #there = new Set<string>()

  constructor(
    private readonly port: number,
    private readonly faults: S3Faults,
    private readonly counts: S3Server['counts'],
  ) {}

  async take(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const { refuse, cut, writeOnce = true } = this.faults
    const number = ++this.counts.requests
    const body = await bodyOf(req)
    const isCut = cut !== undefined && number % cut === 0
    if (refuse && number % refuse === 0 && !isCut) {
      this.counts.refused++
      res.writeHead(503).end('<Error><Code>SlowDown</Code></Error>')
      return
    }
    const way = isCut ? this.counts.cut++ % 3 : undefined
    if (way === 0) return void req.socket.destroy()
    const isOnce = writeOnce && req.headers['if-none-match'] === '*'
    const answer = req.method === 'PUT' ? await this.#put(req, body, isOnce) : await this.#forward(req, body)
    if (req.method === 'DELETE') this.#there.delete(req.url!)
    if (way === 1) return void req.socket.destroy()
    res.writeHead(answer.status, answer.headers)
    if (way === 2 && answer.body.length > 1) {
      res.write(answer.body.subarray(0, answer.body.length >> 1), () => req.socket.destroy())
      return
    }
    res.end(answer.body)
  }

  async #put(req: IncomingMessage, body: Buffer, isOnce: boolean): Promise<Answer> {
    const key = req.url!
    const before = this.#turns.get(key)
    let done = (): void => {}
    this.#turns.set(key, new Promise((resolve) => (done = resolve)))
    await before
    try {
      if (isOnce && this.#there.has(key)) return { status: 412, headers: {}, body: Buffer.alloc(0) }
      const answer = await this.#forward(req, body)
      if (answer.status === 200) this.#there.add(key)
      return answer
    } finally {
      done()
    }
  }

  #forward(req: IncomingMessage, body: Buffer): Promise<Answer> {
    const { host: _, 'content-length': __, ...headers } = req.headers
    return new Promise((resolve, reject) => {
      const target = request(
        {
          host: '127.0.0.1',
          port: this.port,
          path: req.url,
          method: req.method,
          headers: {
            ...headers,
            host: req.headers.host,
            ...(body.length > 0 ? { 'content-length': body.length } : {}),
          },
        },
        (answer) =>
          void bodyOf(answer).then((bytes) =>
            resolve({
              status: answer.statusCode!,
              headers: answer.headers as Answer['headers'],
              body: bytes,
            }),
          ),
      )
      target.on('error', reject)
      target.end(body)
    })
  }
}

interface Answer {
  readonly status: number
  readonly headers: Record<string, string>
  readonly body: Buffer
}

async function bodyOf(message: IncomingMessage): Promise<Buffer> {
  const pieces: Buffer[] = []
  for await (const piece of message) pieces.push(piece as Buffer)
  return Buffer.concat(pieces)
}
