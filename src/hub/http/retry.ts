/** When to try again. */
export interface RetryPolicy {
  /** Failures in a row, with no byte won in between, after which it is given up. */
  readonly attempts: number
  /** Milliseconds before the first new attempt; each further one waits twice as long. */
  readonly delay: number
  /** Milliseconds that such a wait is at most. */
  readonly maxDelay: number
  /** Milliseconds that are waited where a server asks for it, at most; it is given up where it asks for more. Default 300,000. */
  readonly maxWait?: number
}

/** Hugging Face counts requests over five minutes, and so asks for up to that. */
const MAX_WAIT = 300_000

export const DEFAULT_RETRY: RetryPolicy = { attempts: 5, delay: 1000, maxDelay: 60_000, maxWait: MAX_WAIT }

/**
 * Milliseconds to wait before attempt `failures + 1`, `asked` (by the server, in seconds) counting if longer. `undefined`
 * where that is too long to wait for.
 */
export function retryDelay(policy: RetryPolicy, failures: number, asked = 0): number | undefined {
  if (asked * 1000 > (policy.maxWait ?? MAX_WAIT)) return undefined
  const backoff = Math.min(policy.maxDelay, policy.delay * 2 ** Math.max(0, failures - 1))
  return Math.max(backoff, asked * 1000)
}

/**
 * Seconds after which a server wants to be asked again: `Retry-After` (seconds or a date), else what is left of the window in
 * `RateLimit` (`"api";r=0;t=55`, IETF draft 10, as Hugging Face sends it).
 */
export function retryAfter(headers: Headers): number | undefined {
  const text = headers.get('retry-after')?.trim()
  if (text) {
    if (/^\d+(\.\d+)?$/.test(text)) return Number(text)
    const date = Date.parse(text)
    return Number.isNaN(date) ? undefined : Math.max(0, (date - Date.now()) / 1000)
  }
  const [, left] = /;\s*r=0\b[^,]*;\s*t=(\d+)/.exec(headers.get('ratelimit') ?? '') ?? []
  return left === undefined ? undefined : Number(left)
}
