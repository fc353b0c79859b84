import type { NamedWeights } from '../layouts/named-weights.ts'
import { type ClipConfig, type ClipTextConfig, type ClipVisionConfig, LEGACY_EOS } from './clip-config.ts'
import { invalidConfig } from './invalid-config.ts'

/** What leaves no trace in shapes. */
const SHARED = { hiddenAct: 'gelu', layerNormEps: 1e-5 } as const

/**
 * Reads a config off a CLIPModel's shapes, for checkpoints that come without config.json. Only the published CLIP
 * ViT-H/14 is known well enough: heads and activation leave no trace in shapes. Throws `CheckpointError`
 * `checkpoint_config` for every other, saying to pass the config.
 */
export function inferClipConfig(checkpoint: NamedWeights): ClipConfig {
  const vision = visionOf(checkpoint)
  const [projectionDim] = shapeOf(checkpoint, 'visual_projection.weight', 2)
  // HP's file may lack the text tower, which it does not use: that of the same model stands for it.
  const textWidth = checkpoint.tensors.get('text_projection.weight')?.shape[1] ?? 1024
  const { hiddenSize, patchSize, layers } = vision
  const known = hiddenSize === 1280 && patchSize === 14 && layers === 32 && textWidth === 1024
  if (!known || !Number.isInteger(vision.imageSize) || channelsOf(checkpoint) !== 3) {
    throw invalidConfig(
      checkpoint.path,
      `attention heads and activation cannot be told from its weights (vision ${layers} layers × ${hiddenSize}, patch ` +
        `${patchSize}, text width ${textWidth}); that is known of CLIP ViT-H/14 only`,
      true,
    )
  }
  return { vision, text: textOf(checkpoint, textWidth), projectionDim: projectionDim! }
}

const PATCHES = 'vision_model.embeddings.patch_embedding.weight'

const channelsOf = (checkpoint: NamedWeights): number => shapeOf(checkpoint, PATCHES, 4)[1]!

function visionOf(checkpoint: NamedWeights): ClipVisionConfig {
  const [hiddenSize, , patchSize] = shapeOf(checkpoint, PATCHES, 4) as [number, number, number]
  const [positions] = shapeOf(checkpoint, 'vision_model.embeddings.position_embedding.weight', 2)
  const [intermediateSize] = shapeOf(checkpoint, 'vision_model.encoder.layers.0.mlp.fc1.weight', 2)
  return {
    hiddenSize,
    intermediateSize: intermediateSize!,
    layers: layersOf(checkpoint, 'vision_model'),
    heads: hiddenSize / 80,
    ...SHARED,
    imageSize: Math.sqrt(positions! - 1) * patchSize,
    patchSize,
    positions: positions!,
  }
}

function textOf(checkpoint: NamedWeights, hiddenSize: number): ClipTextConfig {
  const hasText = checkpoint.tensors.has('text_model.embeddings.token_embedding.weight')
  const first = (name: string, other: number): number =>
    hasText ? shapeOf(checkpoint, `text_model.${name}.weight`, 2)[0]! : other
  return {
    hiddenSize,
    intermediateSize: first('encoder.layers.0.mlp.fc1', 4096),
    layers: hasText ? layersOf(checkpoint, 'text_model') : 24,
    heads: hiddenSize / 64,
    ...SHARED,
    vocabSize: first('embeddings.token_embedding', 49408),
    maxPositions: first('embeddings.position_embedding', 77),
    pooling: 'argmax',
    eosTokenId: LEGACY_EOS,
  }
}

function layersOf({ tensors }: NamedWeights, tower: string): number {
  let layers = 0
  while (tensors.has(`${tower}.encoder.layers.${layers}.layer_norm1.weight`)) layers++
  return layers
}

function shapeOf({ path, tensors }: NamedWeights, name: string, dims: number): readonly number[] {
  const found = tensors.get(name)?.shape
  if (found?.length === dims) return found
  throw invalidConfig(
    path,
    `its sizes cannot be read off its weights: ${name} is ${found ? `of shape [${found.join(', ')}]` : 'missing'}`,
    true,
  )
}
