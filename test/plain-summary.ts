import type { SerializedError } from 'vitest'
import type { Reporter, TestModule } from 'vitest/node'

/**
 * Closes a run with one line that any machine can read: `12 passed, 0 failed, 1 skipped`. A file that could not be read,
 * or whose process ended, counts as failed and is named.
 */
export default class PlainSummary implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly SerializedError[]): void {
    const count = { passed: 0, failed: 0, skipped: 0, pending: 0 }
    const unfinished: string[] = []
    for (const module of modules) {
      for (const test of module.children.allTests()) count[test.result().state]++
      if (module.state() === 'failed' && module.errors().length > 0) count.failed++
      if (module.state() === 'queued' || module.state() === 'pending')
        unfinished.push(module.relativeModuleId)
    }
    count.failed += Math.max(unfinished.length, errors.length)
    for (const name of unfinished) console.log(`did not end: ${name}`)
    console.log(`${count.passed} passed, ${count.failed} failed, ${count.skipped} skipped`)
  }
}
