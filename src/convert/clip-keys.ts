import { CheckpointError } from '../base/errors.ts'
import type { Checkpoint, CheckpointTensor } from '../checkpoint/checkpoint.ts'
import { isFloatDtype } from '../checkpoint/tensor-dtype.ts'
import type { ClipConfig, ClipTowerConfig } from './clip-config.ts'

/** Which file is held against the expected keys, and which of them it must have. */
export type CheckpointPart = 'ict' | 'hp-backbone' | 'hp-head'

export interface KeyCheck {
  readonly checkpoint: Checkpoint
  /** Where keys that ICT's file lacks come from; other parts must be whole. */
  readonly base?: Checkpoint | undefined
  /** Shapes by name: {@link expectedKeys}, or {@link headKeys} for `hp-head`. */
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
/** What HP's image scores need of a CLIPModel. */
const HP_NEEDS = /^(vision_model\.|visual_projection\.)/
const HP_IGNORES = /^(text_model\.|text_projection\.|logit_scale$)/
const SHOWN = 20

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
    addAffine(keys, `layers.${layer}`, [widths[i + 1]!, widths[i]!])
  return keys
}

/**
 * Holds a checkpoint against the keys it must have: none missing, none more, shapes and kinds right. For `hp-backbone`
 * only the vision tower and its projection are needed. Throws `CheckpointError` `checkpoint_keys` with the list.
 */
export function checkKeys({ checkpoint, base, expected, part }: KeyCheck): CheckedKeys {
  const needed = [...expected].filter(([name]) => part !== 'hp-backbone' || HP_NEEDS.test(name))
  const tensors = new Map<string, CheckpointTensor>()
  const missing: string[] = []
  const fromBase: string[] = []
  const misshapen: string[] = []
  for (const [name, shape] of needed) {
    const own = checkpoint.tensors.get(name)
    const tensor = own ?? (part === 'ict' ? base?.tensors.get(name) : undefined)
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
      part !== 'hp-head' && (BUFFERS.test(name) || (part === 'hp-backbone' && HP_IGNORES.test(name)))
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
  checkpoint: Checkpoint,
  base: Checkpoint | undefined,
  part: CheckpointPart,
  lists: Mismatches,
): CheckpointError {
  const what = { ict: 'an ICT checkpoint', 'hp-backbone': "HP's backbone", 'hp-head': "HP's head" }[part]
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
  checkpoint: Checkpoint,
  base: Checkpoint | undefined,
  part: CheckpointPart,
  lists: Mismatches,
): string {
  const has = (prefix: string): boolean =>
    [...checkpoint.tensors.keys()].some((name) => name.startsWith(prefix))
  if (part !== 'hp-head' && (has('visual.') || has('transformer.resblocks.'))) {
    return "It has open_clip's or OpenAI's names: convert it to a Hugging Face CLIPModel first."
  }
  if (part !== 'hp-head' && has('layers.0.'))
    return "It looks like HP's head (hp_scorer/mlp_pytorch_model.bin): pass the CLIP backbone here."
  if (part === 'hp-head' && has('vision_model.'))
    return 'It looks like a CLIP backbone: pass hp_scorer/mlp_pytorch_model.bin here.'
  const onlyMissing = lists.unexpected.length === 0 && lists.misshapen.length === 0
  if (part === 'ict' && onlyMissing && !base)
    return 'If it was saved without what equals the base model, pass the base model too (--base).'
  if (lists.misshapen.length > 0)
    return 'Check that the config.json belongs to this checkpoint and that this is the right file.'
  return 'Check that this is the right file, whole, and in the layout of a Hugging Face state dict.'
}
