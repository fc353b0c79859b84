import type { Tensors } from '../../backend/backend.ts'

/** A tower as others may run it: a graph with named inputs and outputs. */
export interface ServedTower {
  /** As in model repositories: `ict_vision`, `ict_text`, `hp_vision`. */
  readonly name: string
  /** Shapes without the batch; -1 for what varies. */
  readonly inputs: readonly TensorSpec[]
  readonly outputs: readonly TensorSpec[]
  /** Runs one batch; waits its turn with what else this tower is asked. Rejects with `signal.reason` when aborted. */
  run(inputs: Tensors, options?: { readonly signal?: AbortSignal | undefined }): Promise<Tensors>
}

export interface TensorSpec {
  readonly name: string
  readonly dtype: 'float32' | 'int64'
  readonly dims: readonly number[]
}
