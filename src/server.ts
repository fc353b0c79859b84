/**
 * Scores over HTTP: a web-standard handler for Hono, Next.js, Bun, Deno, SvelteKit and others. `icthp serve` runs it on Node.
 *
 *     const server = createRewardServer({ scorers: [ict, hp] })
 *     export default { fetch: server.fetch }
 */
export type { AnyRule, CombineFunction, Weights } from './ranking/combine.ts'
export {
  createRewardServer,
  type RewardServer,
  type RewardServerOptions,
} from './server/create-reward-server.ts'
export type { DeskObserver, ImageFate } from './server/desk/desk-observer.ts'
export type { ServedRequest } from './server/http/observe-requests.ts'
export type { FetchPicture } from './server/http/take-pictures.ts'
export { prometheusMetrics, type PrometheusOptions } from './server/node/prometheus-node.ts'
export type { ServedTower, TensorSpec } from './server/open-inference/served-tower.ts'
export type { DeskOptions, RewardDesk, ScoreItem, ScoreOutcome, ServedReward } from './server/reward-desk.ts'
export type { ServerMetrics } from './server/server-metrics.ts'
