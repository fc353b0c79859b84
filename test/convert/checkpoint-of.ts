import type { Checkpoint, CheckpointTensor, TensorDtype } from '../../src/checkpoint/checkpoint.ts'

/** A checkpoint of names and shapes, without numbers. */
export function checkpointOf(shapes: Iterable<readonly [string, readonly number[]]>): Checkpoint & Edit {
  const tensors = new Map<string, CheckpointTensor>()
  const set = (name: string, shape: readonly number[], dtype: TensorDtype = 'float32'): void => {
    const none = (): Promise<never> => Promise.reject(new Error('it has no numbers'))
    const size = shape.reduce((product, n) => product * n, 1)
    tensors.set(name, { name, dtype, shape, size, inOrder: true, read: none, readInto: none, values: none })
  }
  for (const [name, shape] of shapes) set(name, shape)
  const checkpoint: Checkpoint & Edit = {
    path: 'made/pytorch_model.bin',
    format: 'torch-zip',
    others: [],
    files: ['made/pytorch_model.bin'],
    tensors,
    wrapper: '',
    skipped: [],
    scalars: new Map(),
    verify: () => Promise.resolve(false),
    close: () => Promise.resolve(),
    [Symbol.asyncDispose]: () => Promise.resolve(),
    with: (name, shape, dtype) => (set(name, shape, dtype), checkpoint),
    without: (name) => (tensors.delete(name), checkpoint),
  }
  return checkpoint
}

interface Edit {
  with(name: string, shape: readonly number[], dtype?: TensorDtype): Checkpoint & Edit
  without(name: string): Checkpoint & Edit
}
