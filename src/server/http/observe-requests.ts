import type { MiddlewareHandler } from 'hono'
import { routePath } from 'hono/route'
import { secondsSince } from '../desk/desk-observer.ts'

/** One request, once it is answered. */
export interface ServedRequest {
  readonly method: string
  /** As it was asked for, without the query. */
  readonly path: string
  /** The pattern that served it, for example `/:reward/compute`; `none` where none did. */
  readonly route: string
  readonly status: number
  readonly seconds: number
  readonly request: Request
  /** What the adapter hands over beside the request, such as its socket. */
  readonly env: unknown
}

/** Tells of every request when its answer is ready. */
export function observeRequests(tell: (served: ServedRequest) => void): MiddlewareHandler {
  return async (c, next) => {
    const start = performance.now()
    await next()
    const route = c.res.status === 404 ? 'none' : routePath(c, -1)
    tell({
      method: c.req.method,
      path: c.req.path,
      route: route === '/*' || route === '*' ? 'none' : route,
      status: c.res.status,
      seconds: secondsSince(start),
      request: c.req.raw,
      env: c.env as unknown,
    })
  }
}
