import type { ErrorCode } from '../../base/errors.ts'

/** What clients should make of it: 4xx will be refused again as it is, but for 429; 503 may be tried again. */
export const REQUEST_STATUS: Partial<Readonly<Record<ErrorCode, 400 | 401 | 404 | 413 | 429 | 503>>> = {
  request_invalid: 400,
  request_unknown_reward: 400,
  request_unauthorized: 401,
  request_not_found: 404,
  request_too_large: 413,
  request_overloaded: 429,
  request_timeout: 503,
  request_closing: 503,
}
