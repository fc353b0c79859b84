import type { OnnxValue } from '../../onnx/onnx-model.ts'
import type { ClipConfig, ClipTextConfig, ClipVisionConfig } from '../config/clip-config.ts'
import { encoder, norm } from './encoder.ts'
import { GraphBuilder, type TowerGraph } from './graph-builder.ts'
import { int8Rows, int8Weight } from './int8-rows.ts'
import type { Precision } from './precision.ts'

/**
 * CLIP's vision tower: `pixel_values` float32 N × 3 × size × size → `image_embeds` float32 N × projection, not
 * normalised. With `head`, also `hp_logits` float32 N: the HP head, whose layers have no nonlinearity between them and
 * so are one affine map. Arithmetic of transformers' CLIPVisionModelWithProjection.
 */
export function visionTower(config: ClipConfig, precision: Precision, head: boolean): TowerGraph {
  const b = builderFor(precision)
  const outputs = visionRest(
    b,
    precision,
    config,
    visionEmbeddings(b, config.vision, precision.embeddings),
    head,
  )
  return b.finish('vision', [pixelValues(config)], outputs)
}

/**
 * CLIP's text tower: `input_ids` int64 N × T, T up to the context length → `text_embeds` float32 N × projection, not
 * normalised. Pooled at the end token; what follows it cannot matter, so T may be anything that holds it.
 * Arithmetic of transformers' CLIPTextModelWithProjection.
 */
export function textTower(config: ClipConfig, precision: Precision): TowerGraph {
  const b = builderFor(precision)
  const outputs = textRest(b, precision, config, textEmbeddings(b, config.text, precision.embeddings))
  return b.finish('text', [INPUT_IDS], outputs)
}

export const builderFor = (precision: Precision): GraphBuilder =>
  new GraphBuilder(precision.float, precision.adjust?.bind(precision))

export const pixelValues = ({ vision: { imageSize } }: ClipConfig): OnnxValue => ({
  name: 'pixel_values',
  dtype: 'float32',
  dims: ['batch', 3, imageSize, imageSize],
})
export const INPUT_IDS: OnnxValue = { name: 'input_ids', dtype: 'int64', dims: ['batch', 'tokens'] }

/** `pixel_values` → the vision encoder's input, N × tokens × width. */
export function visionEmbeddings(
  b: GraphBuilder,
  vision: ClipVisionConfig,
  stored?: Precision['embeddings'],
): string {
  const { hiddenSize: width, positions } = vision
  b.scope('embeddings')
  const pixels = b.float === 'float32' ? 'pixel_values' : b.op('Cast', ['pixel_values'], { to: 10 })
  const kernel = [width, 3, vision.patchSize, vision.patchSize]
  const patches = b.op(
    'Conv',
    [pixels, stored === 'int8' ? int8Weight(b, 'patch.weight', kernel) : b.weight('patch.weight', kernel)],
    {
      kernel_shape: [vision.patchSize, vision.patchSize],
      strides: [vision.patchSize, vision.patchSize],
    },
  )
  const sequence = b.op('Transpose', [b.op('Reshape', [patches, b.int64([0, width, positions - 1])])], {
    perm: [0, 2, 1],
  })
  const count = b.op('Shape', ['pixel_values'], { start: 0, end: 1 })
  const shape = b.op('Concat', [count, b.int64([1, width])], { axis: 0 })
  const classToken = b.op('Expand', [b.weight('class', [1, 1, width]), shape])
  const embedded = b.op('Add', [
    b.op('Concat', [classToken, sequence], { axis: 1 }),
    b.weight('position', [positions, width]),
  ])
  return b.op('LayerNormalization', [embedded, ...norm(b, 'pre', width)], {
    epsilon: { float: vision.layerNormEps },
  })
}

/** From the encoder's input, or from that of layer `first`, to the tower's outputs. */
export function visionRest(
  b: GraphBuilder,
  precision: Precision,
  config: ClipConfig,
  hidden: string,
  head: boolean,
  first = 0,
): OnnxValue[] {
  const { vision, projectionDim } = config
  const start = b.int64([0])
  const pooled = encoder(b, precision, vision, {
    hidden,
    first,
    causal: false,
    pool: (x) => b.op('Slice', [x, start, b.int64([1]), b.int64([1])], {}, 'pool'),
  })
  b.scope('projection')
  const embeds = project(b, pooled, vision.hiddenSize, projectionDim)
  b.output('image_embeds', embeds)
  const outputs: OnnxValue[] = [{ name: 'image_embeds', dtype: 'float32', dims: ['batch', projectionDim] }]
  if (!head) return outputs
  const logits = b.op('Add', [
    b.op('MatMul', [embeds, b.weight('head.weight', [projectionDim, 1], 'float32')]),
    b.weight('head.bias', [1], 'float32'),
  ])
  b.output('hp_logits', b.op('Reshape', [logits, b.int64([-1])]))
  return [...outputs, { name: 'hp_logits', dtype: 'float32', dims: ['batch'] }]
}

/** `input_ids` → the text encoder's input, N × tokens × width. */
export function textEmbeddings(
  b: GraphBuilder,
  text: ClipTextConfig,
  stored?: Precision['embeddings'],
): string {
  const { hiddenSize: width, maxPositions } = text
  b.scope('embeddings')
  const tokens =
    stored === 'int8'
      ? int8Rows(b, 'token', text.vocabSize, width, 'input_ids')
      : b.op('Gather', [b.weight('token', [text.vocabSize, width]), 'input_ids'])
  const positions = b.op('Slice', [
    b.weight('position', [maxPositions, width]),
    b.int64([0]),
    tokenCount(b),
    b.int64([0]),
  ])
  return b.op('Add', [tokens, positions])
}

/** From the encoder's input, or from that of layer `first`, to the tower's output; reads `input_ids` too. */
export function textRest(
  b: GraphBuilder,
  precision: Precision,
  config: ClipConfig,
  hidden: string,
  first = 0,
): OnnxValue[] {
  const { text, projectionDim } = config
  b.scope('pool')
  const end =
    text.pooling === 'argmax'
      ? b.op('ArgMax', ['input_ids'], { axis: 1, keepdims: 1 })
      : b.op(
          'ArgMax',
          [b.op('Cast', [b.op('Equal', ['input_ids', b.int64([text.eosTokenId], [])])], { to: 6 })],
          { axis: 1, keepdims: 1 },
        )
  const all = b.int64(Array.from({ length: text.maxPositions }, (_, i) => i))
  const places = b.op('Slice', [all, b.int64([0]), tokenCount(b), b.int64([0])])
  const cast = { to: precision.float === 'float32' ? 1 : 10 }
  const oneHot = b.op('Unsqueeze', [b.op('Cast', [b.op('Equal', [places, end])], cast), b.int64([1])])
  const after = b.op('Cast', [b.op('Greater', [places, end])], cast)
  const mask = b.op('Unsqueeze', [
    b.op('Mul', [after, b.scalar(precision.float === 'float32' ? -1e9 : -6e4)]),
    b.int64([1, 2]),
  ])
  const pooled = encoder(b, precision, text, {
    hidden,
    first,
    causal: true,
    pool: (x) => b.op('MatMul', [oneHot, x], {}, 'pool'),
    mask,
  })
  b.scope('projection')
  b.output('text_embeds', project(b, pooled, text.hiddenSize, projectionDim))
  return [{ name: 'text_embeds', dtype: 'float32', dims: ['batch', projectionDim] }]
}

const tokenCount = (b: GraphBuilder): string =>
  b.once('tokens', () => b.op('Shape', ['input_ids'], { start: 1, end: 2 }, 'tokens'))

/** N × 1 × width → N × projection, float32. */
function project(b: GraphBuilder, pooled: string, width: number, projectionDim: number): string {
  const flat = b.op('Reshape', [pooled, b.int64([-1, width])])
  const projected = b.op(
    'MatMul',
    [flat, b.weight('projection.weight', [width, projectionDim])],
    {},
    'project',
  )
  return b.float === 'float32' ? projected : b.op('Cast', [projected], { to: 1 })
}
