import type { CheckpointTensor } from '../checkpoint/checkpoint.ts'

/** Which file is held against the expected keys, and which of them it must have. */
export type CheckpointPart = 'ict' | 'hp-backbone' | 'hp-head'

/** Named tensors, and where they come from. */
export interface NamedWeights {
  readonly path: string
  readonly tensors: ReadonlyMap<string, CheckpointTensor>
  /** What its names began with before they were fitted, where that was one thing for all. */
  readonly root?: string | undefined
}
