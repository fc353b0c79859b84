/**
 * For unit tests: fake scorers that need no weights, and a suite for backends of one's own. Runs anywhere, with any
 * test framework.
 */
export {
  backendConformance,
  type ConformanceCase,
  type ConformanceOptions,
} from './testing/conformance/backend-conformance.ts'
export { type ConformanceGraph, conformanceGraphs } from './testing/conformance/conformance-models.ts'
export type { FakeOptions } from './testing/fake-options.ts'
export { createFakeScorers, type FakeCalls, type FakeScorers } from './testing/fake-scorers.ts'
