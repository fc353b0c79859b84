import { onAbort } from './on-abort.ts'
import { timerLimit } from './timer-limit.ts'

/** Waits so many milliseconds; rejects with the signal's reason as soon as it aborts. */
export async function sleep(milliseconds = 0, signal?: AbortSignal): Promise<void> {
  signal?.throwIfAborted()
  if (milliseconds <= 0) return
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(() => {
      forget()
      resolve()
    }, timerLimit(milliseconds))
    const forget = onAbort(signal, () => {
      clearTimeout(timer)
      reject(signal!.reason as Error)
    })
  })
}
