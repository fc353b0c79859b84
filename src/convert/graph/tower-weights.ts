import type { CheckpointTensor } from '../../checkpoint/checkpoint.ts'
import type { ClipConfig, ClipTowerConfig } from '../config/clip-config.ts'
import { transposeInto } from './weight-passes.ts'
import { LARGE, type WeightPool } from './weight-pool.ts'

/** A weight as the graph wants it: loaded from one or more tensors of the checkpoint, when it is its turn. */
export interface LogicalWeight {
  readonly key: string
  readonly dims: readonly number[]
  /** Row-major float32 values, in an array of the pool's or a new one. */
  load(pool?: WeightPool): Promise<Float32Array>
  /** Of a large weight, the same in parts of whole pages, one after the other. */
  readonly parts?: readonly LogicalWeight[]
}

/** Floats of a part: 16 MiB. */
const PART = 1 << 22

/** Finds a tensor of a Hugging Face CLIPModel state dict, or of the HP head, by name. */
export type FindTensor = (name: string) => CheckpointTensor

export function visionWeights(config: ClipConfig, find: FindTensor): LogicalWeight[] {
  const { vision, projectionDim } = config
  const { hiddenSize: width, patchSize, positions } = vision
  const model = 'vision_model.'
  return [
    plain(
      'patch.weight',
      [width, 3, patchSize, patchSize],
      find(`${model}embeddings.patch_embedding.weight`),
    ),
    plain('class', [1, 1, width], find(`${model}embeddings.class_embedding`)),
    plain('position', [positions, width], find(`${model}embeddings.position_embedding.weight`)),
    // Hugging Face's spelling.
    ...normWeights('pre', width, `${model}pre_layrnorm`, find),
    ...encoderWeights(vision, `${model}encoder.layers.`, find),
    ...normWeights('final', width, `${model}post_layernorm`, find),
    matrix('projection.weight', width, projectionDim, [find('visual_projection.weight')]),
  ]
}

export function textWeights(config: ClipConfig, find: FindTensor): LogicalWeight[] {
  const { text, projectionDim } = config
  const model = 'text_model.'
  return [
    plain('token', [text.vocabSize, text.hiddenSize], find(`${model}embeddings.token_embedding.weight`)),
    plain(
      'position',
      [text.maxPositions, text.hiddenSize],
      find(`${model}embeddings.position_embedding.weight`),
    ),
    ...encoderWeights(text, `${model}encoder.layers.`, find),
    ...normWeights('final', text.hiddenSize, `${model}final_layer_norm`, find),
    matrix('projection.weight', text.hiddenSize, projectionDim, [find('text_projection.weight')]),
  ]
}

/**
 * The HP head as one affine map: dropout does nothing at inference and there is no activation, so
 * W5(W4(W3(W2(W1 x + b1) + b2) + b3) + b4) + b5 is w·x + b, multiplied out in double precision.
 */
export function headWeights(projectionDim: number, find: FindTensor): LogicalWeight[] {
  let product: Promise<{ row: Float32Array; bias: Float32Array }> | undefined
  const collapse = async (): Promise<{ row: Float32Array; bias: Float32Array }> => {
    let row = Float64Array.of(1)
    let bias = 0
    for (const layer of [7, 6, 4, 2, 0]) {
      const weight = find(`layers.${layer}.weight`)
      const [outputs, inputs] = weight.shape as [number, number]
      const w = await weight.read()
      const b = await find(`layers.${layer}.bias`).read()
      const next = new Float64Array(inputs)
      for (let o = 0; o < outputs; o++) {
        const r = row[o]!
        bias += r * b[o]!
        for (let i = 0; i < inputs; i++) next[i]! += r * w[o * inputs + i]!
      }
      row = next
    }
    return { row: Float32Array.from(row), bias: Float32Array.of(bias) }
  }
  const collapsed = (): Promise<{ row: Float32Array; bias: Float32Array }> => (product ??= collapse())
  return [
    { key: 'head.weight', dims: [projectionDim, 1], load: async () => (await collapsed()).row },
    { key: 'head.bias', dims: [1], load: async () => (await collapsed()).bias },
  ]
}

function encoderWeights(config: ClipTowerConfig, prefix: string, find: FindTensor): LogicalWeight[] {
  return Array.from({ length: config.layers }, (_, i) =>
    layerWeights(config, prefix, i, i === config.layers - 1, find),
  ).flat()
}

/** The weights of one layer; where only a pooled token is followed, queries apart from keys and values, and no key bias. */
function layerWeights(
  { hiddenSize: width, intermediateSize: mlpWidth }: ClipTowerConfig,
  prefix: string,
  index: number,
  pooled: boolean,
  find: FindTensor,
): LogicalWeight[] {
  const at = `${prefix}${index}.`
  const key = `layers.${index}.`
  const [q, k, v] = ['q', 'k', 'v'].map(
    (name) => (part: string) => find(`${at}self_attn.${name}_proj.${part}`),
  )
  const qkv = [q!('weight'), k!('weight'), v!('weight')]
  return [
    ...normWeights(`${key}ln1`, width, `${at}layer_norm1`, find),
    ...(pooled
      ? [
          matrix(`${key}kv.weight`, width, 2 * width, qkv.slice(1)),
          matrix(`${key}q.weight`, width, width, qkv.slice(0, 1)),
          plain(`${key}q.bias`, [width], q!('bias')),
          plain(`${key}v.bias`, [width], v!('bias')),
        ]
      : [
          matrix(`${key}qkv.weight`, width, 3 * width, qkv),
          concatenated(`${key}qkv.bias`, [q!('bias'), k!('bias'), v!('bias')]),
        ]),
    matrix(`${key}out.weight`, width, width, [find(`${at}self_attn.out_proj.weight`)]),
    plain(`${key}out.bias`, [width], find(`${at}self_attn.out_proj.bias`)),
    ...normWeights(`${key}ln2`, width, `${at}layer_norm2`, find),
    matrix(`${key}fc1.weight`, width, mlpWidth, [find(`${at}mlp.fc1.weight`)]),
    plain(`${key}fc1.bias`, [mlpWidth], find(`${at}mlp.fc1.bias`)),
    matrix(`${key}fc2.weight`, mlpWidth, width, [find(`${at}mlp.fc2.weight`)]),
    plain(`${key}fc2.bias`, [width], find(`${at}mlp.fc2.bias`)),
  ]
}

/** The weights of one layer with every token followed: what `encoderLayer` reads. */
export const wholeLayerWeights = (
  tower: 'vision' | 'text',
  config: ClipConfig,
  index: number,
  find: FindTensor,
): LogicalWeight[] => layerWeights(config[tower], `${tower}_model.encoder.layers.`, index, false, find)

function plain(key: string, dims: readonly number[], tensor: CheckpointTensor): LogicalWeight {
  const slice = (start: number, count: number): LogicalWeight => ({
    key,
    dims: [count],
    async load(pool) {
      const out = pool?.take(count) ?? new Float32Array(count)
      await tensor.readInto(out, start)
      return out
    },
  })
  const { size, inOrder } = tensor
  const whole = { ...slice(0, size), dims }
  if (size < LARGE || !inOrder) return whole
  return {
    ...whole,
    parts: Array.from({ length: Math.ceil(size / PART) }, (_, i) =>
      slice(i * PART, Math.min(PART, size - i * PART)),
    ),
  }
}

const normWeights = (key: string, width: number, name: string, find: FindTensor): LogicalWeight[] => [
  plain(`${key}.weight`, [width], find(`${name}.weight`)),
  plain(`${key}.bias`, [width], find(`${name}.bias`)),
]

function concatenated(key: string, tensors: readonly CheckpointTensor[]): LogicalWeight {
  const total = tensors.reduce((sum, tensor) => sum + tensor.shape[0]!, 0)
  return {
    key,
    dims: [total],
    async load() {
      const out = new Float32Array(total)
      let offset = 0
      for (const tensor of tensors) {
        await tensor.readInto(out.subarray(offset, offset + tensor.size))
        offset += tensor.shape[0]!
      }
      return out
    },
  }
}

/** Linear layers (outputs × inputs in torch) side by side, turned into the inputs × outputs that MatMul wants. */
function matrix(
  key: string,
  inputs: number,
  outputs: number,
  tensors: readonly CheckpointTensor[],
): LogicalWeight {
  return {
    key,
    dims: [inputs, outputs],
    async load(pool) {
      const out = pool?.take(inputs * outputs) ?? new Float32Array(inputs * outputs)
      let column = 0
      for (const tensor of tensors) {
        await turnInto(out, outputs, column, tensor, pool)
        column += tensor.shape[0]!
      }
      return out
    },
  }
}

/** Reads a matrix and turns it, band by band: a band is still in the cache when it is turned, and the next is read meanwhile. */
async function turnInto(
  out: Float32Array,
  outWidth: number,
  column: number,
  tensor: CheckpointTensor,
  pool: WeightPool | undefined,
): Promise<void> {
  const [rows, columns] = tensor.shape as [number, number]
  // As many rows as the kernel turns at a time, or a multiple.
  const step = pool ? -64 & (pool.bands[0].length / columns) : 0
  if (!pool || !tensor.inOrder || step === 0)
    return transposeInto(out, outWidth, column, await tensor.read(), rows, columns)
  const { bands } = pool
  const read = async (row: number): Promise<Float32Array> => {
    const band = bands[(row / step) % 2]!.subarray(0, Math.min(step, rows - row) * columns)
    await tensor.readInto(band, row * columns)
    return band
  }
  let next = read(0)
  for (let row = 0; row < rows; row += step) {
    const band = await next
    if (row + step < rows) next = read(row + step)
    pool.turn(out, outWidth, column + row, band, band.length / columns, columns)
  }
}
