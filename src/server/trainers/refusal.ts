import { IcthpError, ImageError } from '../../base/errors.ts'
import { REQUEST_STATUS } from '../http/request-status.ts'

/** How an error is told to a trainer, in whatever format it speaks. */
export interface Refusal {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly code: string
  readonly message: string
}

const PASSING: ReadonlySet<number> = new Set([429, 503])
/** Images that cannot be scored. */
const UNPROCESSABLE = 422
/** Whatever is not the request's fault. */
const FAILED = 503

/**
 * Trainers act on the status alone. What stays wrong is a 4xx, which flow_grpo and verl-omni do not send again; what
 * will pass has `Retry-After`, which makes flow_grpo wait and send it again. No status is 500: flow_grpo would send the
 * same thing a thousand times.
 */
export function refusalOf(error: unknown): Refusal {
  if (!(error instanceof IcthpError)) {
    const message = 'The server failed to score this. Its log says why.'
    return { status: FAILED, headers: {}, code: 'backend_failed', message }
  }
  const { code, message, details } = error
  const status = REQUEST_STATUS[code] ?? (error instanceof ImageError ? UNPROCESSABLE : FAILED)
  const headers =
    REQUEST_STATUS[code] && PASSING.has(status) ? { 'Retry-After': seconds(details['retryAfter']) } : {}
  return { status, headers, code, message }
}

const seconds = (given: unknown): string =>
  String(typeof given === 'number' && given >= 1 && given < 3600 ? Math.ceil(given) : 1)
