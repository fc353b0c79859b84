import { availableParallelism } from 'node:os'
import { configDefaults, defineConfig, type TestProjectInlineConfiguration } from 'vitest/config'
import type { InlineConfig } from 'vitest/node'
import LongestFirst from './test/longest-first.ts'
import { PATIENCE } from './test/patience.ts'

/** Files that want a process of their own: they replace modules, or look at what the process as a whole has or does. */
const ALONE = [
  'test/convert/write/{model-files,digester}.test.ts',
  'test/hub/files/lock-that-cannot-be-seen.test.ts',
  'test/report/sheet.test.ts',
  'test/models/default-model-node.test.ts',
  // They register kinds of models, for good.
  'test/models/third-model.test.ts',
  'test/base/odd-{arguments,options}.test.ts',
  'test/cli/files/{sheet-file,output-file}.test.ts',
  // They count threads, handles or memory, set HOME, or end the process's threads.
  'test/hub/hub-node.test.ts',
  'test/backend/ort-node/*.test.ts',
]

/** What all runs share. */
export const common: InlineConfig = {
  // More than there are cores: much here waits for browsers, installs and other processes.
  maxWorkers: availableParallelism() + 2,
  sequence: { sequencer: LongestFirst },
  reporters: ['default', './test/plain-summary.ts'],
}

/**
 * The test files but those left out, in two projects: most share the processes that run them, so that each process reads
 * the sources once and not once a file.
 */
export function projects(leftOut: readonly string[] = []): TestProjectInlineConfiguration[] {
  const each: InlineConfig = {
    // A machine that has much else to do makes it slow, not red.
    testTimeout: 240_000,
    expect: { poll: { timeout: PATIENCE } },
    // A browser may have to be installed first.
    hookTimeout: 600_000,
    env: { ORT_DISABLE_TELEMETRY: '1' },
    pool: 'forks',
  }
  const exclude = [...configDefaults.exclude, ...leftOut]
  return [
    {
      test: {
        ...each,
        name: 'shared',
        isolate: false,
        include: ['test/**/*.test.ts'],
        exclude: [...exclude, ...ALONE],
      },
    },
    { test: { ...each, name: 'alone', include: ALONE, exclude } },
  ]
}

const config: ReturnType<typeof defineConfig> = defineConfig({
  test: {
    ...common,
    globalSetup: ['test/once.ts', 'test/build-workers.ts', 'test/web/build-page.ts'],
    projects: projects(),
  },
})
export default config
