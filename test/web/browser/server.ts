import { createReadStream, statSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { extname, join, normalize } from 'node:path'

export interface StaticServer {
  readonly url: string
  /** Folders of this machine by the first part of the path: `/model/…`. */
  readonly folders: Record<string, string>
  /** Sees each request first; `true` where it has answered. */
  intercept: ((request: IncomingMessage, response: ServerResponse, path: string) => boolean) | undefined
  /** Where each request for a file began in it, by path. */
  readonly starts: Map<string, number[]>
  close(): Promise<void>
}

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.mjs': 'text/javascript',
  '.json': 'application/json',
  '.wasm': 'application/wasm',
  '.svg': 'image/svg+xml',
}

/** A page is isolated unless its address says `?isolated=0`. */
const ISOLATION = {
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-embedder-policy': 'require-corp',
}

/** Serves folders with byte ranges, and `/` with `page`. */
export async function startServer(folders: Record<string, string>, page: string): Promise<StaticServer> {
  const starts = new Map<string, number[]>()
  const server: Server = createServer((request, response) => {
    const url = new URL(request.url!, 'http://localhost')
    const path = decodeURIComponent(url.pathname)
    if (url.searchParams.get('isolated') !== '0')
      for (const [name, value] of Object.entries(ISOLATION)) response.setHeader(name, value)
    response.setHeader('cache-control', 'no-store')
    response.setHeader('cross-origin-resource-policy', 'cross-origin')
    if (served.intercept?.(request, response, path)) return
    if (path === '/') return void response.setHeader('content-type', TYPES['.html']!).end(page)
    const [, folder = '', ...rest] = path.split('/')
    const root = folders[folder]
    if (root === undefined) return void response.writeHead(404).end()
    const start = sendFile(join(root, normalize(`/${rest.join('/')}`)), request, response)
    if (start !== undefined) starts.set(path, [...(starts.get(path) ?? []), start])
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const served: StaticServer = {
    url: `http://localhost:${(server.address() as AddressInfo).port}/`,
    folders,
    intercept: undefined,
    starts,
    close: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
  return served
}

/** Where in the file the answer begins; `undefined` where there is no such file. */
function sendFile(file: string, request: IncomingMessage, response: ServerResponse): number | undefined {
  const stat = statSync(file, { throwIfNoEntry: false })
  if (!stat?.isFile()) return void response.writeHead(404).end()
  response.setHeader('content-type', TYPES[extname(file)] ?? 'application/octet-stream')
  const start = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0)
  if (start > 0)
    response.writeHead(206, {
      'content-range': `bytes ${start}-${stat.size - 1}/${stat.size}`,
      'content-length': stat.size - start,
    })
  else response.writeHead(200, { 'content-length': stat.size })
  createReadStream(file, { start }).pipe(response)
  return start
}
