import { type ErrorCode, IcthpError, ImageError } from '../../base/errors.ts'

/** How an error is told to a trainer, in whatever format it speaks. */
export interface Refusal {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly code: string
  readonly message: string
}

/**
 * Trainers act on the status alone. What stays wrong is a 4xx, which flow_grpo and verl-omni do not send again; what
 * will pass has `Retry-After`, which makes flow_grpo wait and send it again. No status is 500: flow_grpo would send the
 * same thing a thousand times.
 */
const STATUS: Partial<Record<ErrorCode, number>> = {
  request_invalid: 400,
  request_unknown_reward: 400,
  request_unauthorized: 401,
  request_not_found: 404,
  request_too_large: 413,
  request_overloaded: 429,
  request_timeout: 503,
  request_closing: 503,
}
const PASSING: ReadonlySet<number> = new Set([429, 503])
/** Images that cannot be scored. */
const UNPROCESSABLE = 422
/** Whatever is not the request's fault. */
const FAILED = 503

/** What an error comes to. */
export function refusalOf(error: unknown): Refusal {
  if (!(error instanceof IcthpError)) {
    const message = 'The server failed to score this. Its log says why.'
    return { status: FAILED, headers: {}, code: 'backend_failed', message }
  }
  const { code, message, details } = error
  const status = STATUS[code] ?? (error instanceof ImageError ? UNPROCESSABLE : FAILED)
  const headers = STATUS[code] && PASSING.has(status) ? { 'Retry-After': seconds(details['retryAfter']) } : {}
  return { status, headers, code, message }
}

const seconds = (given: unknown): string =>
  String(typeof given === 'number' && given >= 1 && given < 3600 ? Math.ceil(given) : 1)
