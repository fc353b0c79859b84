import type { IncomingMessage } from 'node:http'
import type { ServedRequest } from '../http/observe-requests.ts'

/** One answered request as a line of JSON. Neither queries nor tokens are in it. */
export function accessLine({ method, path, status, seconds, request, env }: ServedRequest): string {
  const { incoming } = env as { readonly incoming?: IncomingMessage }
  const length = request.headers.get('content-length')
  return JSON.stringify({
    time: new Date().toISOString(),
    client: incoming?.socket.remoteAddress,
    method,
    path,
    status,
    ms: Math.round(seconds * 10_000) / 10,
    ...(length === null ? {} : { bytes: Number(length) }),
    agent: request.headers.get('user-agent') ?? undefined,
  })
}
