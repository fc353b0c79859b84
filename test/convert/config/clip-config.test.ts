import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { parseClipConfig } from '../../../src/convert/config/clip-config.ts'
import { inferClipConfig } from '../../../src/convert/config/infer-clip-config.ts'
import { expectedKeys } from '../../../src/convert/layouts/clip-keys.ts'
import { checkpointOf } from '../checkpoint-of.ts'

interface Reference {
  configs: Record<
    string,
    { json: unknown; projection_dim: number; text: Record<string, unknown>; vision: Record<string, unknown> }
  >
}
const reference = JSON.parse(
  readFileSync(new URL('../../fixtures/clip/clip.json', import.meta.url), 'utf8'),
) as Reference
const tinyConfig = new URL('../../../../shared/golden/tiny/base/config.json', import.meta.url)

const tower = { intermediate_size: 5120, layer_norm_eps: 1e-5, hidden_act: 'gelu' }
const official = {
  model_type: 'clip',
  projection_dim: 1024,
  vision_config: {
    ...tower,
    hidden_size: 1280,
    num_hidden_layers: 32,
    num_attention_heads: 16,
    patch_size: 14,
  },
  text_config: {
    ...tower,
    hidden_size: 1024,
    intermediate_size: 4096,
    num_hidden_layers: 24,
    num_attention_heads: 16,
    eos_token_id: 2,
  },
}

describe('parseClipConfig', () => {
  for (const [name, { json, projection_dim, text, vision }] of Object.entries(reference.configs)) {
    it(`fills in what transformers does: ${name}`, () => {
      const config = parseClipConfig(json, 'config.json')
      const grid = Math.floor(Number(vision['image_size']) / Number(vision['patch_size']))
      const shared = (side: Record<string, unknown>): Record<string, unknown> => ({
        hiddenSize: side['hidden_size'],
        intermediateSize: side['intermediate_size'],
        layers: side['num_hidden_layers'],
        heads: side['num_attention_heads'],
        hiddenAct: side['hidden_act'],
        layerNormEps: side['layer_norm_eps'],
      })
      expect(config).toEqual({
        projectionDim: projection_dim,
        vision: {
          ...shared(vision),
          imageSize: vision['image_size'],
          patchSize: vision['patch_size'],
          positions: grid ** 2 + 1,
        },
        text: {
          ...shared(text),
          vocabSize: text['vocab_size'],
          maxPositions: text['max_position_embeddings'],
          pooling: text['eos_token_id'] === 2 ? 'argmax' : 'first-eos',
          eosTokenId: text['eos_token_id'],
        },
      })
    })
  }

  it('pools at the largest id for the legacy end token, else at the first end token', () => {
    expect(parseClipConfig(official, 'x').text).toMatchObject({ pooling: 'argmax', eosTokenId: 2 })
    expect(parseClipConfig({}, 'x').text).toMatchObject({ pooling: 'first-eos', eosTokenId: 49407 })
  })

  const vision = (fields: object): object => ({
    ...official,
    vision_config: { ...official.vision_config, ...fields },
  })
  const text = (fields: object): object => ({
    ...official,
    text_config: { ...official.text_config, ...fields },
  })
  const refused: [what: string, json: unknown, says: string][] = [
    ['no object', [], 'not an object'],
    ['another model', { model_type: 'siglip' }, 'its model_type is "siglip"'],
    [
      'another activation',
      vision({ hidden_act: 'gelu_pytorch_tanh' }),
      'vision_config.hidden_act is "gelu_pytorch_tanh"',
    ],
    [
      'heads that do not divide the width',
      text({ num_attention_heads: 15 }),
      'not a multiple of its 15 heads',
    ],
    ['a width of zero', vision({ hidden_size: 0 }), 'vision_config.hidden_size is 0'],
    ['a fraction of a layer', text({ num_hidden_layers: 1.5 }), 'text_config.num_hidden_layers is 1.5'],
    ['an epsilon in words', text({ layer_norm_eps: '1e-5' }), 'text_config.layer_norm_eps'],
    ['several end tokens', text({ eos_token_id: [1, 2] }), 'not one token id'],
    ['gray images', vision({ num_channels: 1 }), 'num_channels is 1'],
    ['oblong images', vision({ image_size: [224, 336] }), 'not square'],
    ['patches larger than images', vision({ patch_size: 300 }), 'larger than its images'],
    ['a section that is no object', { text_config: 7 }, 'text_config is 7'],
  ]
  for (const [what, json, says] of refused) {
    it(`refuses ${what}`, () => {
      expect(() => parseClipConfig(json, 'DIR/config.json')).toThrow(
        expect.objectContaining({
          code: 'checkpoint_config',
          message: expect.stringContaining(says) as string,
        }),
      )
    })
  }

  it('takes a size given for height and width', () => {
    expect(parseClipConfig(vision({ image_size: [224, 224], patch_size: [14, 14] }), 'x')).toEqual(
      parseClipConfig(official, 'x'),
    )
  })
})

describe('inferClipConfig', () => {
  const config = parseClipConfig(official, 'x')
  const keys = expectedKeys(config)

  it('reads ViT-H/14 off its shapes, with its text tower or without', () => {
    expect(inferClipConfig(checkpointOf(keys))).toEqual(config)
    expect(inferClipConfig(checkpointOf([...keys].filter(([name]) => /^vis/.test(name))))).toEqual(config)
  })

  it('does not guess at others', () => {
    const small = expectedKeys(parseClipConfig({}, 'x'))
    expect(() => inferClipConfig(checkpointOf(small))).toThrow(
      /heads and activation cannot be told.*config\.json of the base model/,
    )
    expect(() => inferClipConfig(checkpointOf([]))).toThrow(/patch_embedding\.weight is missing/)
    expect(() => inferClipConfig(checkpointOf(keys).with('visual_projection.weight', [1024]))).toThrow(
      /of shape \[1024\]/,
    )
  })
})

describe.skipIf(!existsSync(tinyConfig))('the shared tiny model', () => {
  it('has the config that its reference says', () => {
    const config = parseClipConfig(JSON.parse(readFileSync(tinyConfig, 'utf8')), 'config.json')
    expect(config.vision).toMatchObject({
      hiddenSize: 48,
      layers: 3,
      heads: 4,
      hiddenAct: 'gelu',
      positions: 257,
    })
    expect(config.text).toMatchObject({
      hiddenSize: 32,
      layers: 2,
      heads: 2,
      pooling: 'argmax',
      vocabSize: 49408,
      maxPositions: 77,
    })
  })
})
