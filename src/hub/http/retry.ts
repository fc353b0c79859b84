/** When to try again. */
export interface RetryPolicy {
  /** Failures in a row, with no byte won in between, after which it is given up. */
  readonly attempts: number
  /** Milliseconds before the first new attempt; each further one waits twice as long. */
  readonly delay: number
  /** Milliseconds that a wait is at most, whatever a server asks for. */
  readonly maxDelay: number
}

export const DEFAULT_RETRY: RetryPolicy = { attempts: 5, delay: 1000, maxDelay: 60_000 }

/** Milliseconds to wait before attempt `failures + 1`; a server's `Retry-After` (seconds or a date) counts if longer. */
export function retryDelay(policy: RetryPolicy, failures: number, retryAfter?: string | null): number {
  const backoff = policy.delay * 2 ** Math.max(0, failures - 1)
  const asked = retryAfter
    ? /^\d+$/.test(retryAfter)
      ? Number(retryAfter) * 1000
      : Date.parse(retryAfter) - Date.now()
    : 0
  return Math.min(policy.maxDelay, Math.max(backoff, asked || 0))
}
