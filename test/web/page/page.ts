/**
 * What the tests ask the page to do, by name. Bundled by build-page.ts and served with the worker, so that icthp/web runs
 * as it does on a page without a bundler.
 */
import { backendTests } from './backend.ts'
import { cacheTests } from './cache.ts'
import { imageTests } from './images.ts'
import { scoreTests } from './scores.ts'

export type PageTests = typeof imageTests & typeof scoreTests & typeof cacheTests & typeof backendTests
const tests: PageTests = { ...imageTests, ...scoreTests, ...cacheTests, ...backendTests }

const scope = globalThis as unknown as { callTest(name: keyof PageTests, args: string): Promise<string> }
scope.callTest = async (name, args) =>
  JSON.stringify(
    (await (tests[name] as (...args: unknown[]) => unknown)(...(JSON.parse(args) as unknown[]))) ?? null,
  )
