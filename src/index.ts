/**
 * The platform-free core of icthp: everything but a runtime. `icthp/node` and `icthp/web` export the same and wire one in.
 */
import type { ImageInput } from './image/inputs/image-input.ts'
import { type HeadKind, HP, ICT, type RewardKind, type TextKind } from './models/kinds.ts'
import type { Runtime } from './runtime.ts'
import type { HeadScorer } from './scorers/head-scorer.ts'
import { HpScorer as Hp } from './scorers/hp-scorer.ts'
import { IctScorer as Ict } from './scorers/ict-scorer.ts'
import type { ScorerParts } from './scorers/load/load-scorer.ts'
import type { Scorer } from './scorers/scorer.ts'
import { type ScorerClass, scorerClass } from './scorers/scorer-class.ts'
import type { ScorerOptions } from './scorers/scorer-options.ts'
import type { TextScorer, TextScorerParts } from './scorers/text-scorer.ts'

export * from './core.ts'
export { cropImage, preprocess } from './image/preprocess.ts'

/** Options of `fromPretrained` where no platform is wired in. */
export interface CoreScorerOptions extends ScorerOptions {
  /** The backend, the decoder and the hub; they stay the caller's. */
  readonly runtime: Runtime
}
type CoreClass<S extends Scorer, Parts> = ScorerClass<S, Parts, string | URL, CoreScorerOptions>

/** The class of a reward model, for a runtime that is passed in. */
export const coreScorer: WireCore = <S extends Scorer, Parts extends ScorerParts>(
  Class: new (parts: Parts) => S,
  kind: RewardKind,
): CoreClass<S, Parts> =>
  scorerClass(Class, kind, (source, { runtime }: CoreScorerOptions) => ({ source, runtime, owned: [] }))

interface WireCore {
  (Class: typeof TextScorer, kind: TextKind): CoreClass<TextScorer, TextScorerParts>
  (Class: typeof HeadScorer, kind: HeadKind): CoreClass<HeadScorer, ScorerParts>
  <S extends Scorer, Parts extends ScorerParts>(
    Class: new (parts: Parts) => S,
    kind: RewardKind,
  ): CoreClass<S, Parts>
}

export type IctScorer = Ict
export const IctScorer: CoreClass<Ict, TextScorerParts> = coreScorer(Ict<ImageInput>, ICT)
export type HpScorer = Hp
export const HpScorer: CoreClass<Hp, ScorerParts> = coreScorer(Hp<ImageInput>, HP)
