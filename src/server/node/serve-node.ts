import type { IncomingMessage, Server } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { createAdaptorServer } from '@hono/node-server'
import { OutputError } from '../../base/errors.ts'
import { sleep } from '../../base/waiting/sleep.ts'
import type { RewardServer } from '../create-reward-server.ts'
import type { BodyEnv } from '../http/read-body.ts'
import { readIncoming } from './read-incoming-node.ts'

export interface ServeOptions {
  /** Default 127.0.0.1: this machine alone. */
  readonly host?: string | undefined
  /** Default 8000; 0 takes any that is free. */
  readonly port?: number | undefined
  /** A connection has so long for the head of a request. Default 10. */
  readonly headersSeconds?: number | undefined
  /** And so long for all of it: slow senders are cut off. Default 60. */
  readonly uploadSeconds?: number | undefined
  /** An idle connection is kept so long for the next request; longer than most balancers do. Default 75. */
  readonly keepAliveSeconds?: number | undefined
}

export interface Listening {
  /** For example `http://127.0.0.1:8000`. */
  readonly url: string
  readonly port: number
  /** Takes no new work, answers what is under way, and ends. */
  close(): Promise<void>
}

/** How often connections are looked through for those that are too slow, and for idle ones at the end. */
const CHECK_MS = 500
/** Of a request's head. */
const MAX_HEADER_BYTES = 16 << 10
/** For the last bytes of answers that were given when the server is to end. */
const LAST_BYTES_MS = 2000

/** Serves on Node's HTTP server. Throws `OutputError` `output_failed` where the address cannot be had. */
export async function serveOnNode(server: RewardServer, options: ServeOptions = {}): Promise<Listening> {
  const { host = '127.0.0.1', port = 8000 } = options
  const { headersSeconds = 10, uploadSeconds = 60, keepAliveSeconds = 75 } = options
  const http = createAdaptorServer({
    fetch: (request, env) =>
      server.fetch(request, {
        ...env,
        readBody: (length) => readIncoming(env.incoming as IncomingMessage, length),
      } satisfies BodyEnv),
    overrideGlobalObjects: false,
    // For requests of HTTP/1.0 that name none: health checks of balancers.
    hostname: 'localhost',
    serverOptions: {
      connectionsCheckingInterval: CHECK_MS,
      // Node refuses more for the head than for all of it.
      headersTimeout: 1000 * Math.min(headersSeconds, uploadSeconds),
      requestTimeout: 1000 * uploadSeconds,
      keepAliveTimeout: 1000 * keepAliveSeconds,
      maxHeaderSize: MAX_HEADER_BYTES,
      noDelay: true,
    },
  }) as Server
  const connections = connectionsOf(http, 1000 * headersSeconds)
  const address = await listen(http, host, port)
  const name = address.family === 'IPv6' ? `[${address.address}]` : address.address
  return {
    url: `http://${name}:${address.port}`,
    port: address.port,
    close: () => close(http, server, connections),
  }
}

/**
 * Connections, to be asked whether they have sent anything. Node counts from the first byte of a request, and takes none
 * that has sent none for idle: they are ended here.
 */
function connectionsOf(http: Server, milliseconds: number): ReadonlySet<Socket> {
  const connections = new Set<Socket>()
  http.on('connection', (socket: Socket) => {
    connections.add(socket)
    const timer = setTimeout(() => endSilent(socket), milliseconds).unref()
    socket.once('close', () => {
      connections.delete(socket)
      clearTimeout(timer)
    })
  })
  return connections
}

function endSilent(socket: Socket): void {
  if (socket.bytesRead === 0) socket.destroy()
}

function listen(http: Server, host: string, port: number): Promise<AddressInfo> {
  return new Promise((resolve, reject) => {
    http.once('error', (cause: NodeJS.ErrnoException) => {
      const why = cause.code === 'EADDRINUSE' ? 'something else listens there' : cause.message
      reject(
        new OutputError(
          'output_failed',
          `The server cannot listen on ${host}:${port}: ${why}. Choose another --port or --host.`,
          { host, port, cause },
        ),
      )
    })
    http.listen(port, host, () => resolve(http.address() as AddressInfo))
  })
}

async function close(http: Server, server: RewardServer, connections: ReadonlySet<Socket>): Promise<void> {
  const ended = new Promise<void>((resolve) => http.close(() => resolve()))
  await server.close()
  const stop = new AbortController()
  void ended.then(() => stop.abort())
  // Clients keep connections open for a next request, which will not be served here.
  const end = performance.now() + LAST_BYTES_MS
  while (!stop.signal.aborted && performance.now() < end) {
    http.closeIdleConnections()
    connections.forEach(endSilent)
    await sleep(20, stop.signal).catch(() => {})
  }
  http.closeAllConnections()
  await ended
}
