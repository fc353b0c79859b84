import { onAbort } from './on-abort.ts'

/** Settles as `promise` does, or rejects as soon as `signal` aborts; the work itself is then left to end unheard. */
export function abortable<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return promise
  return new Promise((resolve, reject) => {
    if (signal.aborted) reject(signal.reason as Error)
    const forget = onAbort(signal, () => reject(signal.reason as Error))
    promise.then(resolve, reject).finally(forget)
  })
}
