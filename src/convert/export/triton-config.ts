import type { TowerTensor } from './tower-tensors.ts'

/** Pictures or prompts that Triton puts together at most. */
const MAX_BATCH = 32

const TYPES: Readonly<Record<TowerTensor['dtype'], string>> = { float32: 'TYPE_FP32', int64: 'TYPE_INT64' }

/**
 * `config.pbtxt` of a tower, for Triton's onnxruntime backend
 * (https://github.com/triton-inference-server/server, docs/user_guide/model_configuration.md). One instance, since each
 * holds the weights once; requests that wait are put together.
 */
export function tritonConfig(
  name: string,
  { inputs, outputs }: { readonly inputs: readonly TowerTensor[]; readonly outputs: readonly TowerTensor[] },
): string {
  return [
    `name: "${name}"`,
    'backend: "onnxruntime"',
    `max_batch_size: ${MAX_BATCH}`,
    ...tensorLines('input', inputs),
    ...tensorLines('output', outputs),
    'dynamic_batching { }',
    'instance_group [',
    '  {',
    '    count: 1',
    '  }',
    ']',
    '',
  ].join('\n')
}

function tensorLines(what: 'input' | 'output', tensors: readonly TowerTensor[]): string[] {
  const entries = tensors.map(({ name, dtype, dims }) => {
    // One number a row: Triton allows no empty shape, so it hands it on as [N, 1].
    const shape =
      dims.length === 0
        ? ['    dims: [ 1 ]', '    reshape { shape: [ ] }']
        : [`    dims: [ ${dims.join(', ')} ]`]
    return ['  {', `    name: "${name}"`, `    data_type: ${TYPES[dtype]}`, ...shape, '  }'].join('\n')
  })
  return [`${what} [`, entries.join(',\n'), ']']
}
