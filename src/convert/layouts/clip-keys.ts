import { CheckpointError } from '../../base/errors.ts'
import type { CheckpointTensor } from '../../checkpoint/checkpoint.ts'
import { isFloatDtype } from '../../checkpoint/tensors/tensor-dtype.ts'
import type { ClipConfig, ClipTowerConfig } from '../config/clip-config.ts'
import { foreignWeights } from './foreign-weights.ts'
import { type NameTemplate, templateOf } from './name-fit.ts'
import type { CheckpointPart, NamedWeights } from './named-weights.ts'

export type { CheckpointPart, NamedWeights }

export interface KeyCheck {
  readonly checkpoint: NamedWeights
  /** Where keys that ICT's file lacks come from; other parts must be whole. */
  readonly base?: NamedWeights | undefined
  /** Shapes by name: {@link expectedKeys}, or {@link headKeys} for `head`. */
  readonly expected: ReadonlyMap<string, readonly number[]>
  readonly part: CheckpointPart
}

export interface CheckedKeys {
  /** A tensor for every key that is needed. */
  readonly tensors: ReadonlyMap<string, CheckpointTensor>
  /** Keys that the checkpoint lacks and the base has given. To be reported. */
  readonly fromBase: readonly string[]
  /** Keys that are there and not needed: position buffers, and HP's text tower. */
  readonly unused: readonly string[]
}

/** Buffers that transformers saved before 4.31: 0, 1, 2, … */
const BUFFERS = /^(text|vision)_model\.embeddings\.position_ids$/
/** How many models torch.optim.swa_utils.AveragedModel has averaged: no weight, and none is ever called so. */
const COUNTER = /(^|\.)n_averaged$/
/** What HP's image scores need of a CLIPModel. */
const HP_NEEDS = /^(vision_model\.|visual_projection\.)/
const HP_IGNORES = /^(text_model\.|text_projection\.|logit_scale$)/
const SHOWN = 20
const HEAD_BEFORE = 'layers.'

/** Names and shapes of the state dict of a Hugging Face CLIPModel, with its spelling `pre_layrnorm`. */
export function expectedKeys({ vision, text, projectionDim }: ClipConfig): Map<string, number[]> {
  const keys = new Map<string, number[]>([['logit_scale', []]])
  keys.set('text_model.embeddings.token_embedding.weight', [text.vocabSize, text.hiddenSize])
  keys.set('text_model.embeddings.position_embedding.weight', [text.maxPositions, text.hiddenSize])
  addEncoder(keys, 'text_model', text)
  addAffine(keys, 'text_model.final_layer_norm', [text.hiddenSize])
  keys.set('vision_model.embeddings.class_embedding', [vision.hiddenSize])
  keys.set('vision_model.embeddings.patch_embedding.weight', [
    vision.hiddenSize,
    3,
    vision.patchSize,
    vision.patchSize,
  ])
  keys.set('vision_model.embeddings.position_embedding.weight', [vision.positions, vision.hiddenSize])
  addAffine(keys, 'vision_model.pre_layrnorm', [vision.hiddenSize])
  addEncoder(keys, 'vision_model', vision)
  addAffine(keys, 'vision_model.post_layernorm', [vision.hiddenSize])
  keys.set('visual_projection.weight', [projectionDim, vision.hiddenSize])
  keys.set('text_projection.weight', [projectionDim, text.hiddenSize])
  return keys
}

/** Names and shapes of HP's head: five linear layers; the gaps in the numbering are its dropouts. */
export function headKeys(projectionDim = 1024): Map<string, number[]> {
  const keys = new Map<string, number[]>()
  const widths = [projectionDim, 1024, 128, 64, 16, 1]
  for (const [i, layer] of [0, 2, 4, 6, 7].entries())
    addAffine(keys, `${HEAD_BEFORE}${layer}`, [widths[i + 1]!, widths[i]!])
  return keys
}

/** What the names of a part are fitted to. Of what the head's layers are an attribute is left open. */
export function templateFor(part: CheckpointPart): NameTemplate {
  return part === 'head' ? HEAD_TEMPLATE : CLIP_TEMPLATE
}

/** Whether a part must have a key. */
export const isNeeded = (key: string, part: CheckpointPart): boolean =>
  part === 'clip-vision' ? HP_NEEDS.test(key) : !BUFFERS.test(key)

/**
 * Holds a checkpoint against the keys it must have: none missing, none more, shapes and kinds right. For `hp-backbone`
 * only the vision tower and its projection are needed. Throws `CheckpointError` `checkpoint_keys` with the list.
 */
export function checkKeys({ checkpoint, base, expected, part }: KeyCheck): CheckedKeys {
  const needed = [...expected].filter(([name]) => isNeeded(name, part))
  const tensors = new Map<string, CheckpointTensor>()
  const missing: string[] = []
  const fromBase: string[] = []
  const misshapen: string[] = []
  for (const [name, shape] of needed) {
    const own = checkpoint.tensors.get(name)
    const tensor = own ?? (part === 'clip' ? base?.tensors.get(name) : undefined)
    if (!tensor) {
      missing.push(name)
      continue
    }
    if (!own) fromBase.push(name)
    const fits = tensor.shape.length === shape.length && shape.every((size, i) => size === tensor.shape[i])
    if (!fits || !isFloatDtype(tensor.dtype)) {
      misshapen.push(
        `${name}: ${tensor.dtype} [${tensor.shape.join(', ')}], expected floats [${shape.join(', ')}]`,
      )
    }
    tensors.set(name, tensor)
  }
  const unused: string[] = []
  const unexpected: string[] = []
  for (const name of checkpoint.tensors.keys()) {
    if (tensors.has(name)) continue
    const known =
      COUNTER.test(name) ||
      (part !== 'head' && (BUFFERS.test(name) || (part === 'clip-vision' && HP_IGNORES.test(name))))
    if (known) unused.push(name)
    else unexpected.push(name)
  }
  if (missing.length + unexpected.length + misshapen.length > 0)
    throw mismatch(checkpoint, base, part, { missing, unexpected, misshapen })
  return { tensors, fromBase, unused }
}

function addEncoder(
  keys: Map<string, number[]>,
  tower: string,
  { layers, hiddenSize, intermediateSize }: ClipTowerConfig,
): void {
  for (let i = 0; i < layers; i++) {
    const layer = `${tower}.encoder.layers.${i}`
    for (const name of ['k_proj', 'v_proj', 'q_proj', 'out_proj'])
      addAffine(keys, `${layer}.self_attn.${name}`, [hiddenSize, hiddenSize])
    addAffine(keys, `${layer}.layer_norm1`, [hiddenSize])
    addAffine(keys, `${layer}.mlp.fc1`, [intermediateSize, hiddenSize])
    addAffine(keys, `${layer}.mlp.fc2`, [hiddenSize, intermediateSize])
    addAffine(keys, `${layer}.layer_norm2`, [hiddenSize])
  }
}

function addAffine(keys: Map<string, number[]>, name: string, weight: number[]): void {
  keys.set(`${name}.weight`, weight)
  keys.set(`${name}.bias`, [weight[0]!])
}

type Mismatches = Readonly<Record<'missing' | 'unexpected' | 'misshapen', readonly string[]>>

function mismatch(
  checkpoint: NamedWeights,
  base: NamedWeights | undefined,
  part: CheckpointPart,
  lists: Mismatches,
): CheckpointError {
  const what = { clip: 'an ICT checkpoint', 'clip-vision': "HP's backbone", head: "HP's head" }[part]
  const parts = Object.entries(lists)
    .filter(([, names]) => names.length > 0)
    .map(([kind, names]) => {
      const more = names.length > SHOWN ? `\n  … and ${names.length - SHOWN} more` : ''
      return `${names.length} ${kind}:\n  ${names.slice(0, SHOWN).join('\n  ')}${more}`
    })
  const counts = Object.fromEntries(Object.entries(lists).map(([kind, names]) => [kind, names.length]))
  return new CheckpointError(
    'checkpoint_keys',
    `${checkpoint.path} does not have the weights of ${what}. ${remedyFor(checkpoint, base, part, lists)}\n${parts.join('\n')}`,
    {
      path: checkpoint.path,
      part,
      counts,
      missing: lists.missing.slice(0, SHOWN),
      unexpected: lists.unexpected.slice(0, SHOWN),
      misshapen: lists.misshapen.slice(0, SHOWN),
    },
  )
}

function remedyFor(
  checkpoint: NamedWeights,
  base: NamedWeights | undefined,
  part: CheckpointPart,
  lists: Mismatches,
): string {
  const foreign = foreignWeights(checkpoint.tensors, part, base !== undefined)
  if (foreign) return foreign.why
  const onlyMissing = lists.unexpected.length === 0 && lists.misshapen.length === 0
  if (part === 'clip' && onlyMissing && !base)
    return 'If it was saved without what equals the base model, pass the base model too (--base).'
  const rows = lists.misshapen.find((line) => line.startsWith(TOKEN_EMBEDDING))
  if (rows && lists.misshapen.length === 1)
    return 'Its vocabulary is of another size than its config.json says. Use the config.json that belongs to it.'
  if (lists.misshapen.length > 0)
    return 'Check that the config.json belongs to this checkpoint and that this is the right file.'
  if (lists.missing.length === 0) {
    const root = checkpoint.root?.replace(/\.$/, '')
    return root
      ? `To leave out what does not lie under ${root}, name that (--weights-key ${root}); or save the model alone.`
      : 'Save the model alone, without what else was trained; and check that the config.json belongs to this checkpoint.'
  }
  return 'Check that this is the right file, whole, and in the layout of a Hugging Face state dict.'
}

const TOKEN_EMBEDDING = 'text_model.embeddings.token_embedding.weight'
const ONE_LAYER: ClipTowerConfig = {
  hiddenSize: 1,
  intermediateSize: 1,
  layers: 1,
  heads: 1,
  hiddenAct: 'gelu',
  layerNormEps: 1e-5,
}
const CLIP_TEMPLATE = templateOf(
  [
    ...expectedKeys({
      vision: { ...ONE_LAYER, imageSize: 1, patchSize: 1, positions: 2 },
      text: { ...ONE_LAYER, vocabSize: 1, maxPositions: 1, pooling: 'argmax', eosTokenId: 0 },
      projectionDim: 1,
    }).keys(),
    'text_model.embeddings.position_ids',
    'vision_model.embeddings.position_ids',
  ],
  { anyLayer: true },
)
const HEAD_TEMPLATE = templateOf(headKeys().keys(), { before: HEAD_BEFORE })
