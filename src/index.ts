/**
 * The platform-free core of icthp: everything but a runtime. `icthp/node` and `icthp/web` export the same and wire one in.
 */
export * from './core.ts'
export { preprocess } from './image/preprocess.ts'
export { HpScorer } from './scorers/hp-scorer.ts'
export { type IctParts, IctScorer } from './scorers/ict-scorer.ts'
