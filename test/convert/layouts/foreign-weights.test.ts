import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { parseClipConfig } from '../../../src/convert/config/clip-config.ts'
import { expectedKeys, headKeys } from '../../../src/convert/layouts/clip-keys.ts'
import { fitWeights } from '../../../src/convert/layouts/fitted-weights.ts'
import { foreignWeights } from '../../../src/convert/layouts/foreign-weights.ts'
import { checkpointOf } from '../checkpoint-of.ts'

const { small } = JSON.parse(
  readFileSync(new URL('../../fixtures/clip/clip.json', import.meta.url), 'utf8'),
) as {
  small: unknown
}
const clip = [...expectedKeys(parseClipConfig(small, 'config.json'))].map(
  ([key, shape]) => [key, shape as readonly number[]] as const,
)
const only = (start: RegExp): typeof clip => clip.filter(([key]) => start.test(key))
const names = (...list: string[]): typeof clip => list.map((name) => [name, [2]] as const)
const Q = 'vision_model.encoder.layers.0.self_attn.q_proj'

test.each([
  [
    'an adapter',
    'clip',
    names(`base_model.model.${Q}.lora_A.weight`, `base_model.model.${Q}.lora_B.weight`),
    'adapter',
    'merge',
  ],
  [
    'an adapter beside its base',
    'clip',
    [...clip, ...names(`${Q}.lora_A.default.weight`)],
    'adapter',
    'merge',
  ],
  ['IA3', 'clip', names(`base_model.model.${Q}.ia3_l.default`), 'adapter', 'merge'],
  ['OFT', 'clip', [...clip, ...names(`${Q}.oft_R.default.weight`)], 'adapter', 'merge'],
  [
    'what peft trained beside an adapter',
    'clip',
    names('base_model.model.visual_projection.modules_to_save.default.weight'),
    'adapter',
    'merge',
  ],
  ['an adapter in which one matrix is lacking', 'clip', names(`${Q}.lora_A.weight`), 'adapter', 'merge'],
  [
    'bitsandbytes, 4 bits',
    'clip',
    [...clip, ...names(`${Q}.weight.absmax`, `${Q}.weight.quant_state.bitsandbytes__nf4`)],
    'bitsandbytes',
    'bitsandbytes',
  ],
  ['bitsandbytes, 8 bits', 'clip-vision', [...clip, ...names(`${Q}.SCB`)], 'bitsandbytes', 'bitsandbytes'],
  [
    'ImageReward',
    'clip-vision',
    names('blip.visual_encoder.blocks.0.attn.qkv.weight', 'mlp.layers.0.weight', 'mlp.layers.7.weight'),
    'blip',
    'BLIP',
  ],
  ['SigLIP', 'clip', [...clip, ...names('vision_model.head.probe')], 'siglip', 'SigLIP'],
  [
    'HPSv3',
    'clip',
    names('model.visual.blocks.0.attn.qkv.weight', 'model.layers.0.mlp.gate_proj.weight'),
    'language-model',
    'language model',
  ],
  ['GPTQ', 'clip', names(`${Q}.qweight`, `${Q}.qzeros`, `${Q}.scales`), 'quantised', 'full precision'],
  ['pieces of FSDP', 'clip', names('_fsdp_wrapped_module._flat_param'), 'fsdp-flat', 'FULL_STATE_DICT'],
  [
    'placeholders of ZeRO-3',
    'clip',
    clip.map(([key]) => [key, [0]] as const),
    'deepspeed-zero',
    'zero_to_fp32',
  ],
  [
    "open_clip's names",
    'clip',
    names('module.visual.conv1.weight', 'module.transformer.resblocks.0.ln_1.weight'),
    'open-clip',
    'open_clip',
  ],
  ['a text tower', 'clip', only(/^text_/), 'text-tower', 'text tower alone'],
  [
    "a CLIPTextModel's",
    'clip-vision',
    only(/^text_model/).map(([key, shape]) => [key.slice(11), shape] as const),
    'text-tower',
    'text tower alone',
  ],
  [
    "a CLIPVisionModel's",
    'clip-vision',
    only(/^vision_model/).map(([key, shape]) => [key.slice(13), shape] as const),
    'vision-tower',
    'CLIPVisionModelWithProjection',
  ],
  [
    'a vision tower without its projection',
    'clip-vision',
    only(/^vision_model/),
    'vision-tower',
    'CLIPVisionModelWithProjection',
  ],
  ['a vision tower for ICT', 'clip', only(/^vis/), 'vision-tower', '--base'],
  [
    "HP's head for its backbone",
    'clip-vision',
    [...headKeys()].map(([key, shape]) => [`mlp.${key}`, shape] as const),
    'head',
    "HP's head",
  ],
  ['a backbone for the head', 'head', clip, 'backbone', 'mlp_pytorch_model.bin'],
] as const)('%s is named', (_, part, shapes, kind, says) => {
  const foreign = foreignWeights(fitWeights(checkpointOf(shapes), part).tensors, part, false)
  expect(foreign?.kind).toBe(kind)
  expect(foreign?.why).toContain(says)
})

test.each([
  ['clip', clip],
  ['clip-vision', clip],
  ['clip-vision', only(/^vis/)],
  ['head', [...headKeys()]],
] as const)('what is whole is nothing else: %s', (part, shapes) => {
  expect(foreignWeights(fitWeights(checkpointOf(shapes), part).tensors, part, false)).toBeUndefined()
})

test('one tower is enough for ICT where the base has the other', () => {
  for (const tower of [/^vis/, /^text_/])
    expect(
      foreignWeights(fitWeights(checkpointOf(only(tower)), 'clip').tensors, 'clip', true),
    ).toBeUndefined()
})
