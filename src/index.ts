/**
 * The platform-free core of icthp: everything but a runtime. `icthp/node` and `icthp/web` export the same and wire one in.
 */
export { IctScorer, type IctParts } from './scorers/ict-scorer.ts'
export { HpScorer } from './scorers/hp-scorer.ts'
export * from './core.ts'
export { preprocess } from './image/preprocess.ts'
