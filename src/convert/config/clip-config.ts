import { show } from '../../base/errors.ts'
import { isObject } from '../../base/json-object.ts'
import { invalidConfig as invalid } from './invalid-config.ts'

type HiddenAct = 'gelu' | 'quick_gelu'

/** What both transformers of a CLIP model have. */
export interface ClipTowerConfig {
  readonly hiddenSize: number
  readonly intermediateSize: number
  readonly layers: number
  readonly heads: number
  readonly hiddenAct: HiddenAct
  readonly layerNormEps: number
}

export interface ClipVisionConfig extends ClipTowerConfig {
  /** Pixels along an edge; images are square. */
  readonly imageSize: number
  readonly patchSize: number
  /** Patches and the class token. */
  readonly positions: number
}

export interface ClipTextConfig extends ClipTowerConfig {
  readonly vocabSize: number
  /** Tokens a text may have, with start and end. */
  readonly maxPositions: number
  /** Which token's state is the text's: that of the largest id, or that of the first `eosTokenId`. */
  readonly pooling: 'argmax' | 'first-eos'
  readonly eosTokenId: number
}

export interface ClipConfig {
  readonly vision: ClipVisionConfig
  readonly text: ClipTextConfig
  /** Length of an embedding. */
  readonly projectionDim: number
}

type Json = Readonly<Record<string, unknown>>

/** Defaults of transformers' CLIPConfig (models/clip/configuration_clip.py, 5.18): config.json leaves out what equals them. */
const TEXT_DEFAULTS: Json = {
  vocab_size: 49408,
  hidden_size: 512,
  intermediate_size: 2048,
  num_hidden_layers: 12,
  num_attention_heads: 8,
  max_position_embeddings: 77,
  hidden_act: 'quick_gelu',
  layer_norm_eps: 1e-5,
  eos_token_id: 49407,
}
const VISION_DEFAULTS: Json = {
  hidden_size: 768,
  intermediate_size: 3072,
  num_hidden_layers: 12,
  num_attention_heads: 12,
  num_channels: 3,
  image_size: 224,
  patch_size: 32,
  hidden_act: 'quick_gelu',
  layer_norm_eps: 1e-5,
}
/** What transformers took for the end token before 4.31, whatever the vocabulary; it pools at the largest id then. */
export const LEGACY_EOS = 2

/** Which towers a config must describe. */
export type NeededTowers = 'both' | 'vision'

/**
 * Reads a Hugging Face CLIPConfig, that is, the parsed config.json of a CLIPModel, with transformers' defaults; where the
 * vision tower is all that is needed, also that of a CLIPVisionModelWithProjection (the text tower is then said to have
 * the defaults). `where` names it in messages. Throws `CheckpointError` `checkpoint_config`.
 */
export function parseClipConfig(json: unknown, where: string, needed: NeededTowers = 'both'): ClipConfig {
  const given = object(json, where, 'what is in it')
  if (given['quantization_config'] !== undefined && given['quantization_config'] !== null) {
    throw invalid(
      where,
      'it is of a quantised model (quantization_config); convert the one in full precision that it was made from',
    )
  }
  const type = given['model_type']
  const root =
    type === 'clip_vision_model' && needed === 'vision'
      ? { projection_dim: given['projection_dim'], vision_config: given }
      : given
  if (root === given && type !== undefined && type !== 'clip') {
    const tower = { clip_vision_model: 'vision', clip_text_model: 'text' }[String(type)]
    throw invalid(
      where,
      tower === undefined
        ? `its model_type is ${show(type)}. ICT and HP stand on CLIP: use the config.json of the base model`
        : `it describes a ${tower} tower alone (model_type ${show(type)}), and ${needed === 'vision' ? 'the vision tower is' : 'both towers are'} needed`,
    )
  }
  const vision = section(root, where, 'vision_config', VISION_DEFAULTS)
  const text = section(root, where, 'text_config', TEXT_DEFAULTS)
  if (vision['num_channels'] !== 3)
    throw invalid(where, `vision_config.num_channels is ${show(vision['num_channels'])}, not 3`)
  const imageSize = square(vision, where, 'image_size')
  const patchSize = square(vision, where, 'patch_size')
  if (patchSize > imageSize)
    throw invalid(where, `its patches (${patchSize}) are larger than its images (${imageSize})`)
  const eosTokenId = text['eos_token_id']
  if (!(Number.isInteger(eosTokenId) && (eosTokenId as number) >= 0)) {
    throw invalid(where, `text_config.eos_token_id is ${show(eosTokenId)}, not one token id`)
  }
  return {
    vision: {
      ...tower(vision, where, 'vision_config'),
      imageSize,
      patchSize,
      positions: Math.floor(imageSize / patchSize) ** 2 + 1,
    },
    text: {
      ...tower(text, where, 'text_config'),
      vocabSize: count(text, where, 'text_config', 'vocab_size'),
      maxPositions: count(text, where, 'text_config', 'max_position_embeddings'),
      pooling: eosTokenId === LEGACY_EOS ? 'argmax' : 'first-eos',
      eosTokenId: eosTokenId as number,
    },
    projectionDim: count({ projection_dim: 512, ...defined(root) }, where, '', 'projection_dim'),
  }
}

/**
 * A tower's settings. The old `text_config_dict` goes over `text_config` whole, with the defaults for what it leaves
 * out, as transformers does.
 */
function section(root: Json, where: string, name: string, defaults: Json): Json {
  const old = root[`${name}_dict`]
  const plain =
    root[name] === undefined || root[name] === null ? {} : defined(object(root[name], where, name))
  if (old === undefined || old === null) return { ...defaults, ...plain }
  return { ...plain, ...defaults, ...defined(object(old, where, `${name}_dict`)) }
}

function tower(json: Json, where: string, name: string): ClipTowerConfig {
  const hiddenAct = json['hidden_act']
  if (hiddenAct !== 'gelu' && hiddenAct !== 'quick_gelu') {
    throw invalid(
      where,
      `${name}.hidden_act is ${show(hiddenAct)}; only "gelu" and "quick_gelu" can be converted`,
    )
  }
  const hiddenSize = count(json, where, name, 'hidden_size')
  const heads = count(json, where, name, 'num_attention_heads')
  if (hiddenSize % heads !== 0)
    throw invalid(where, `${name}.hidden_size ${hiddenSize} is not a multiple of its ${heads} heads`)
  const layerNormEps = json['layer_norm_eps']
  if (typeof layerNormEps !== 'number' || !(layerNormEps > 0 && layerNormEps < 1)) {
    throw invalid(where, `${name}.layer_norm_eps is ${show(layerNormEps)}`)
  }
  return {
    hiddenSize,
    intermediateSize: count(json, where, name, 'intermediate_size'),
    layers: count(json, where, name, 'num_hidden_layers'),
    heads,
    hiddenAct,
    layerNormEps,
  }
}

function count(json: Json, where: string, name: string, field: string): number {
  const value = json[field]
  if (Number.isSafeInteger(value) && (value as number) > 0) return value as number
  throw invalid(where, `${name ? `${name}.` : ''}${field} is ${show(value)}, not a positive integer`)
}

/** A size given once, or for height and width. */
function square(json: Json, where: string, field: string): number {
  const value = json[field]
  if (!Array.isArray(value)) return count(json, where, 'vision_config', field)
  if (value.length !== 2 || value[0] !== value[1])
    throw invalid(where, `vision_config.${field} is ${show(value)}, not square`)
  return count({ [field]: value[0] as unknown }, where, 'vision_config', field)
}

function object(value: unknown, where: string, name: string): Json {
  if (isObject(value)) return value
  throw invalid(where, `${name} is ${Array.isArray(value) ? 'a list' : show(value)}, not an object`)
}

/** Without nulls, which stand for "not said". */
function defined(json: Json): Json {
  return Object.fromEntries(Object.entries(json).filter(([, value]) => value !== null && value !== undefined))
}
