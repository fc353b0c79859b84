import { defineConfig } from 'vitest/config'

const config: ReturnType<typeof defineConfig> = defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/build-workers.ts', 'test/web/build-page.ts'],
    testTimeout: 60_000,
    // A browser may have to be installed first.
    hookTimeout: 600_000,
    reporters: ['default', './test/plain-summary.ts'],
    env: { ORT_DISABLE_TELEMETRY: '1' },
  },
})
export default config
