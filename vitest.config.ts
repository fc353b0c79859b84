import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'
import type { InlineConfig } from 'vitest/node'
import LongestFirst from './test/longest-first.ts'

/** What all runs share. */
export const common: InlineConfig = {
  include: ['test/**/*.test.ts'],
  testTimeout: 60_000,
  // A browser may have to be installed first.
  hookTimeout: 600_000,
  // One more than vitest's own: much here waits for browsers, installs and other processes.
  maxWorkers: availableParallelism() + 1,
  sequence: { sequencer: LongestFirst },
  reporters: ['default', './test/plain-summary.ts'],
  env: { ORT_DISABLE_TELEMETRY: '1' },
}

const config: ReturnType<typeof defineConfig> = defineConfig({
  test: { ...common, globalSetup: ['test/build-workers.ts', 'test/web/build-page.ts'] },
})
export default config
