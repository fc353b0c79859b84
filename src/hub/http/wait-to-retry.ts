import type { DownloadError } from '../../base/errors.ts'
import { sleep } from '../../base/waiting/sleep.ts'
import type { CheckOptions } from '../files/file-check.ts'
import { retryDelay, type RetryPolicy } from './retry.ts'

/** Waits that are shorter are not worth a word. */
const WORTH_SAYING = 2000

/**
 * Waits before the next attempt, as long as the server asked for in `error`, and reports the seconds. Throws `error` where
 * that is too long, and the signal's reason.
 */
export async function waitToRetry(
  policy: RetryPolicy,
  failures: number,
  error: DownloadError,
  { signal, onProgress }: CheckOptions,
): Promise<void> {
  const asked = error.details['retryAfter'] as number | undefined
  const delay = retryDelay(policy, failures, asked)
  if (delay === undefined) throw error
  if (delay < WORTH_SAYING || onProgress === undefined) return sleep(delay, signal)
  const total = Math.ceil(delay / 1000)
  const url = String(error.details['url'])
  const item = URL.canParse(url) ? new URL(url).host : url
  const start = performance.now()
  // By the count, not by the clock: timers that ring a little early or late leave no second out and tell none twice.
  for (let second = 0; second < total; second++) {
    onProgress({ stage: 'wait', item, loaded: second, total, unit: 'seconds' })
    const until = start + Math.min(delay, (second + 1) * 1000)
    await sleep(Math.ceil(until - performance.now()), signal)
  }
}
