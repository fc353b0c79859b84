import type { CheckpointTensor } from '../../checkpoint/checkpoint.ts'
import type { CheckpointPart } from './named-weights.ts'

/** What weights are that are not those of the part, and what to do then. */
export interface ForeignWeights {
  readonly kind: string
  /** Sentences: what it is, and the remedy. */
  readonly why: string
  /** Whether it can be nothing else, so that no list of keys is needed. */
  readonly isCertain: boolean
}

type Tensors = ReadonlyMap<string, CheckpointTensor>

interface Kind {
  readonly kind: string
  readonly names: RegExp
  readonly why: string
}

/** Names that no whole, plain checkpoint has. */
const CERTAIN: readonly Kind[] = [
  {
    kind: 'adapter',
    names:
      /(^|\.)((lora_([AB]|down|up|embedding_[AB]|magnitude_vector)|hada_w[12]_[ab]|lokr_w[12]|vera_lambda)(\.|$|_)|(ia3_l|b?oft_[RrsS]|modules_to_save|original_module)(\.|$))/,
    why:
      'It holds an adapter (LoRA or the like): merge it into its base model first (merge_and_unload() of peft, then save_pretrained), ' +
      'and convert that.',
  },
  {
    kind: 'bitsandbytes',
    names: /\.(absmax|quant_map|nested_absmax|nested_quant_map|SCB|weight_format)$|\.quant_state\./,
    why:
      'It is quantised by bitsandbytes, and its full weights are not in it: convert the checkpoint from before, or save ' +
      'what dequantize() of the loaded model gives.',
  },
  {
    kind: 'quantised',
    names:
      /\.(qweight|qzeros|g_idx|weight_packed|_packed_params(\._packed_params)?|weight_scale|weight_scale_inv)$/,
    why: 'It is quantised (GPTQ, AWQ or the like): convert the checkpoint in full precision that it was made from.',
  },
  {
    kind: 'fsdp-flat',
    names: /(^|\.)_?flat_param(_\d+)?$/,
    why: 'It holds the flattened pieces of FSDP: save it with StateDictType.FULL_STATE_DICT, or put the pieces together first.',
  },
]

/** Names of other layouts and other models: told where the model's own names are lacking. */
const LAYOUTS: readonly Kind[] = [
  {
    kind: 'open-clip',
    names: /(^|\.)(resblocks\.\d+|visual\.(conv1|trunk|proj|class_embedding|positional_embedding))(\.|$)/,
    why:
      "It has open_clip's or OpenAI's names: convert it to a Hugging Face CLIPModel first " +
      "(transformers' convert_clip_original_pytorch_to_hf.py).",
  },
]

/** Other models altogether, by names that CLIP has none of. */
const OTHERS: readonly Kind[] = [
  {
    kind: 'blip',
    names: /(^|\.)(visual_encoder\.blocks|text_encoder\.encoder\.layer)\.\d+\./,
    why: "It has BLIP's names, as ImageReward has them: that is another model than CLIP, and none that icthp runs.",
  },
  {
    kind: 'siglip',
    names: /(^|\.)vision_model\.head\.(attention|probe|layernorm|mlp)(\.|$)/,
    why: "It has SigLIP's names: that is another model than CLIP, and none that icthp runs.",
  },
  {
    kind: 'language-model',
    names: /(^|\.)layers\.\d+\.(mlp\.(gate_proj|up_proj)|input_layernorm)\./,
    why: 'It is a language model, as HPSv3 and others have one: that is another model than CLIP, and none that icthp runs.',
  },
]

/** Of HP's head, whatever its layers are an attribute of. */
const HEAD_ENDS = [/(^|\.)0\.weight$/, /(^|\.)7\.weight$/]

const PLACEHOLDERS =
  'Its weights are empty placeholders, as DeepSpeed ZeRO-3 saves them: put them together with the zero_to_fp32.py that ' +
  'DeepSpeed leaves beside its checkpoints, and convert what it writes.'

/** Says what weights are that lack what `part` must have, by their names (after they were fitted to the model's). */
export function foreignWeights(
  tensors: Tensors,
  part: CheckpointPart,
  hasBase: boolean,
): ForeignWeights | undefined {
  const names = [...tensors.keys()]
  // As the file has them: fitting may have taken a segment out.
  const saved = [...tensors.values()].map(({ name }) => name)
  const has = (prefix: string): boolean => names.some((name) => name.startsWith(prefix))
  for (const { kind, names: pattern, why } of CERTAIN)
    if (saved.some((name) => pattern.test(name))) return { kind, why, isCertain: true }
  const empty = [...tensors.values()].filter(({ size }) => size === 0).length
  if (empty > 0 && empty * 4 >= names.length)
    return { kind: 'deepspeed-zero', why: PLACEHOLDERS, isCertain: true }
  const other = OTHERS.find(({ names: pattern }) => saved.some((name) => pattern.test(name)))
  if (other) return { kind: other.kind, why: other.why, isCertain: false }
  if (part === 'head') return foreignHead(has)
  if (HEAD_ENDS.every((end) => names.some((name) => end.test(name))) && !has('vision_model.'))
    return {
      kind: 'head',
      why: "It looks like HP's head (hp_scorer/mlp_pytorch_model.bin): pass the CLIP backbone here.",
      isCertain: false,
    }
  if (has('vision_model.encoder.')) return towerAlone(part, has, hasBase)
  for (const { kind, names: pattern, why } of LAYOUTS)
    if (names.some((name) => pattern.test(name))) return { kind, why, isCertain: false }
  // The base may have the other tower; what it does not have is told by the check of the keys.
  if (part === 'clip' && hasBase && has('text_model.encoder.')) return undefined
  return bareTower(part, has)
}

function foreignHead(has: (prefix: string) => boolean): ForeignWeights | undefined {
  if (has('layers.') && !has('layers.0.self_attn')) return undefined
  if (!has('vision_model.') && !has('visual.') && !has('text_model.')) return undefined
  return {
    kind: 'backbone',
    why: 'It looks like a CLIP backbone: pass hp_scorer/mlp_pytorch_model.bin here.',
    isCertain: false,
  }
}

/** The vision tower is there. */
function towerAlone(
  part: CheckpointPart,
  has: (prefix: string) => boolean,
  hasBase: boolean,
): ForeignWeights | undefined {
  if (part === 'clip-vision' && !has('visual_projection.')) {
    return {
      kind: 'vision-tower',
      why: 'It is a vision tower without its projection: save a CLIPVisionModelWithProjection, or the whole CLIPModel.',
      isCertain: false,
    }
  }
  if (part !== 'clip' || hasBase || has('text_model.encoder.')) return undefined
  return {
    kind: 'vision-tower',
    why:
      'It is a vision tower alone, and ICT needs the text tower, too: save the whole CLIPModel, or pass the base model ' +
      '(--base) where its text tower was left as it is.',
    isCertain: false,
  }
}

function bareTower(part: CheckpointPart, has: (prefix: string) => boolean): ForeignWeights | undefined {
  const what = part === 'clip' ? 'both towers of CLIP are' : 'the vision tower of CLIP is'
  if (has('text_model.') || has('embeddings.token_embedding.')) {
    return {
      kind: 'text-tower',
      why: `It is a text tower alone, and ${what} needed: save the whole CLIPModel.`,
      isCertain: true,
    }
  }
  if (has('embeddings.class_embedding')) {
    return {
      kind: 'vision-tower',
      why:
        'It is a CLIPVisionModel, which has no projection: save ' +
        (part === 'clip'
          ? 'the whole CLIPModel.'
          : 'a CLIPVisionModelWithProjection, or the whole CLIPModel.'),
      isCertain: true,
    }
  }
  return undefined
}
