import type { CheckpointTensor } from '../../checkpoint/checkpoint.ts'

/** What a file must hold: a CLIPModel with both towers, one whose vision tower is enough, or a head. */
export type CheckpointPart = 'clip' | 'clip-vision' | 'head'

/** Named tensors, and where they come from. */
export interface NamedWeights {
  readonly path: string
  readonly tensors: ReadonlyMap<string, CheckpointTensor>
  /** What its names began with before they were fitted, where that was one thing for all. */
  readonly root?: string | undefined
}
