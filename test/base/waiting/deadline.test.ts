import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Deadline } from '../../../src/base/waiting/deadline.ts'
import { sleep } from '../../../src/base/waiting/sleep.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

test.each([1e12, Infinity])(
  '%f milliseconds are longer than a timer holds, not none',
  async (milliseconds) => {
    const deadline = new Deadline(milliseconds)
    let woken = false
    void sleep(milliseconds).then(() => (woken = true))
    await vi.advanceTimersByTimeAsync(60_000)
    expect([deadline.signal.aborted, woken]).toEqual([false, false])
    deadline.end()
  },
)
