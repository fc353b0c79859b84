import type { PreprocessConfig } from '../../image/preprocess.ts'
import { kindNamed, type ModelKind } from '../../models/kinds.ts'
import type { ClipConfig, ClipTowerConfig } from '../config/clip-config.ts'

/** `config.json` as Hugging Face's CLIP classes read it; `parts` tells transformers.js how many data files a graph has. */
export function hubConfig(
  kind: ModelKind,
  { projectionDim, vision, text }: ClipConfig,
  parts: Record<string, number>,
): string {
  const common = ({
    hiddenSize,
    intermediateSize,
    layers,
    heads,
    hiddenAct,
    layerNormEps,
  }: ClipTowerConfig): Record<string, unknown> => ({
    hidden_size: hiddenSize,
    intermediate_size: intermediateSize,
    num_hidden_layers: layers,
    num_attention_heads: heads,
    hidden_act: hiddenAct,
    layer_norm_eps: layerNormEps,
    projection_dim: projectionDim,
  })
  return json({
    architectures: [kindNamed(kind).takesPrompt ? 'CLIPModel' : 'CLIPVisionModelWithProjection'],
    model_type: 'clip',
    projection_dim: projectionDim,
    vision_config: {
      model_type: 'clip_vision_model',
      ...common(vision),
      image_size: vision.imageSize,
      patch_size: vision.patchSize,
    },
    text_config: {
      model_type: 'clip_text_model',
      ...common(text),
      vocab_size: text.vocabSize,
      max_position_embeddings: text.maxPositions,
      eos_token_id: text.eosTokenId,
    },
    'transformers.js_config': { use_external_data_format: parts },
  })
}

export function preprocessorConfig({ size, mean, std }: PreprocessConfig): string {
  return json({
    image_processor_type: 'CLIPImageProcessor',
    do_convert_rgb: true,
    do_resize: true,
    size: { shortest_edge: size },
    resample: 3,
    do_center_crop: true,
    crop_size: { height: size, width: size },
    do_rescale: true,
    rescale_factor: 1 / 255,
    do_normalize: true,
    image_mean: mean,
    image_std: std,
  })
}

const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`
