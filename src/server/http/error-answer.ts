import type { Context } from 'hono'
import { HTTPException } from 'hono/http-exception'
import type { ContentfulStatusCode } from 'hono/utils/http-status'
import { type ErrorCode, IcthpError } from '../../base/errors.ts'
import { REQUEST_STATUS } from './request-status.ts'

/** Nobody reads it: the client has hung up. */
const HUNG_UP = 499 as ContentfulStatusCode

export interface ErrorBody {
  readonly error: { readonly code: ErrorCode; readonly message: string }
}

export const errorBody = ({ code, message }: IcthpError): ErrorBody => ({ error: { code, message } })

/** The status that tells a client what to do. A permanent fault is never a 500, which clients try again. */
export function statusOf(error: unknown): ContentfulStatusCode {
  if (!(error instanceof IcthpError)) return 500
  const known = REQUEST_STATUS[error.code]
  if (known) return known
  return /^(input|image)_/.test(error.code) ? 400 : 500
}

/** Any error as an answer. The Open Inference Protocol has `error` as text. */
export function errorAnswer(error: unknown, c: Context): Response {
  if (c.req.raw.signal.aborted) return c.body(null, HUNG_UP)
  if (error instanceof HTTPException) return error.getResponse()
  const status = statusOf(error)
  const told =
    error instanceof IcthpError
      ? errorBody(error)
      : { error: { code: 'internal', message: 'The server failed at this request. Its log says more.' } }
  if (error instanceof IcthpError && typeof error.details['retryAfter'] === 'number')
    c.header('Retry-After', String(error.details['retryAfter']))
  if (status === 401) c.header('WWW-Authenticate', 'Bearer, Basic realm="icthp"')
  if (c.req.path.startsWith('/v2')) return c.json({ error: told.error.message }, status)
  return c.json(told, status)
}
