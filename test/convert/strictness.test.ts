import { cp, mkdir, rm, writeFile } from 'node:fs/promises'
import { describe, expect, it, test } from 'vitest'
import { IcthpError } from '../../src/base/errors.ts'
import { convertCheckpoints, type ConvertOptions } from '../../src/convert/index.ts'
import type { Dtype } from '../../src/models/manifest.ts'
import { checkpointRoom, type Weight } from './checkpoint-room.ts'

const room = checkpointRoom()

/** What the conversion threw; it must have left nothing behind. */
async function refusal(options: Partial<ConvertOptions>): Promise<IcthpError> {
  const out = room.at('refused')
  const error: unknown = await convertCheckpoints({ base: room.at('base'), out, ...options }).then(
    () => new Error('it was accepted'),
    (thrown: unknown) => thrown,
  )
  expect(error).toBeInstanceOf(IcthpError)
  expect(await room.list('refused')).toEqual([])
  return error as IcthpError
}

/** A checkpoint that differs from the fixture; returns its folder. */
async function edited(
  name: string,
  edit: (weights: Map<string, Weight>) => void,
  fixture = 'ict.safetensors',
): Promise<string> {
  const weights = await room.weights(fixture)
  edit(weights)
  return room.writeWeights(name, weights)
}

/** Digests of the graphs and their data: conversion is the same every time. */
async function digestsOf(options: Partial<ConvertOptions>, out: string): Promise<Record<string, string>> {
  const { models } = await convertCheckpoints({ base: room.at('base'), out: room.at(out), ...options })
  return Object.fromEntries(
    Object.entries(models[0]!.manifest.files).map(([path, { sha256 }]) => [path, sha256]),
  )
}

describe('keys', () => {
  it('missing, unexpected and misshapen ones stop it, each listed', async () => {
    const ict = await edited('wrong', (weights) => {
      weights.delete('visual_projection.weight')
      weights.set('decoder.weight', { dtype: 'F32', shape: [2], values: Float32Array.of(1, 2) })
      weights.set('text_model.final_layer_norm.bias', {
        dtype: 'F32',
        shape: [31],
        values: new Float32Array(31),
      })
    })
    const error = await refusal({ ict })
    expect(error).toMatchObject({
      name: 'CheckpointError',
      code: 'checkpoint_keys',
      details: {
        counts: { missing: 1, unexpected: 1, misshapen: 1 },
        missing: ['visual_projection.weight'],
        unexpected: ['decoder.weight'],
        misshapen: ['text_model.final_layer_norm.bias: float32 [31], expected floats [32]'],
      },
    })
    for (const name of ['visual_projection.weight', 'decoder.weight', 'final_layer_norm.bias'])
      expect(error.message).toContain(name)
  })

  it("what ICT lacks comes from the base, is reported, and is the base model's", async () => {
    const lacking = ['visual_projection.weight', 'text_model.encoder.layers.1.mlp.fc1.bias']
    const ict = await edited('lacking', (weights) => lacking.forEach((name) => weights.delete(name)))
    const base = room.at('base-with-weights')
    await cp(room.at('base'), base, { recursive: true })
    await room.unpack('hp-backbone.bin', 'base-with-weights/pytorch_model.bin')
    expect((await refusal({ ict })).message).toContain('--base')
    const { models } = await convertCheckpoints({ ict, base, out: room.at('completed') })
    expect(models[0]!.fromBase.toSorted()).toEqual(lacking.toSorted())
    expect(models[0]!.notes).toEqual([
      expect.stringMatching(/^2 weights are not in the checkpoint and come from the base model: /),
    ])
    expect(models[0]!.manifest.source.files.map(({ path }) => path)).toEqual([
      'model.safetensors',
      'pytorch_model.bin',
    ])
    // The same as a checkpoint in which someone has put them.
    const others = await room.weights('hp-backbone.bin')
    const whole = await edited('put-in', (weights) =>
      lacking.forEach((name) => weights.set(name, others.get(name)!)),
    )
    expect(await digestsOf({ ict: whole }, 'put-in-out')).toEqual(await digestsOf({ ict, base }, 'completed'))
    // A base whose weights are not needed is not read.
    const { models: own } = await convertCheckpoints({ ict: room.at('ICT'), base, out: room.at('own') })
    expect(own[0]!.fromBase).toEqual([])
    expect(own[0]!.manifest.source.files.map(({ path }) => path)).toEqual(['pytorch_model.bin'])
  })

  it('HP takes nothing from the base', async () => {
    await cp(room.at('HP/hp_scorer'), room.at('hp-lacking/hp_scorer'), { recursive: true })
    await edited(
      'hp-lacking/hp_backbone',
      (weights) => weights.delete('visual_projection.weight'),
      'hp-backbone.bin',
    )
    await room.unpack('config.json', 'whole-base/config.json')
    await room.unpack('hp-backbone.bin', 'whole-base/pytorch_model.bin')
    const error = await refusal({ hp: room.at('hp-lacking'), base: room.at('whole-base') })
    expect(error).toMatchObject({
      code: 'checkpoint_keys',
      details: { missing: ['visual_projection.weight'] },
    })
  })

  it.each(['module.', 'model.'])(
    'names that start with %s are known, and the result is the same',
    async (prefix) => {
      const weights = await room.weights('ict.safetensors')
      const ict = await room.writeWeights(
        `wrapped-${prefix}`,
        new Map([...weights].map(([name, weight]) => [prefix + name, weight])),
      )
      const { models } = await convertCheckpoints({
        ict,
        base: room.at('base'),
        out: room.at(`wrapped-${prefix}-out`),
      })
      expect(models[0]!.notes).toEqual([expect.stringContaining(JSON.stringify(prefix))])
      const unwrapped = await digestsOf({ ict: room.at('ICT') }, 'unwrapped')
      expect(await digestsOf({ ict }, `wrapped-${prefix}-out`)).toEqual(unwrapped)
    },
  )

  it("HP's text tower is not needed, and changes nothing", async () => {
    await cp(room.at('HP/hp_scorer'), room.at('hp-vision/hp_scorer'), { recursive: true })
    await edited(
      'hp-vision/hp_backbone',
      (weights) =>
        [...weights.keys()]
          .filter((name) => /^text_|^logit/.test(name))
          .forEach((name) => weights.delete(name)),
      'hp-backbone.bin',
    )
    const whole = await digestsOf({ hp: room.at('HP') }, 'hp-whole')
    expect(await digestsOf({ hp: room.at('hp-vision') }, 'hp-vision-out')).toEqual(whole)
    expect(Object.keys(whole).filter((path) => path.includes('text') || path.includes('tokenizer'))).toEqual(
      [],
    )
  })
})

describe('weights that are no numbers', () => {
  it.each([NaN, Infinity, -Infinity])('%d stops it, with its place', async (value) => {
    const key = 'vision_model.encoder.layers.1.mlp.fc1.weight'
    const ict = await edited(
      `not-a-number-${value}`,
      (weights) => void (weights.get(key)!.values[77] = value),
    )
    const error = await refusal({ ict, dtypes: ['fp16', 'fp32'] })
    expect(error).toMatchObject({ name: 'CheckpointError', code: 'checkpoint_nan' })
    expect(error.message).toContain(String(value))
    expect(error.message).toContain('layers.1')
  })

  it('a float64 that float32 cannot hold stops it, too', async () => {
    const ict = await edited('too-large', (weights) => {
      const { shape, values } = weights.get('text_projection.weight')!
      weights.set('text_projection.weight', {
        dtype: 'F64',
        shape,
        values: Float64Array.from(values).fill(1e300, 5, 6),
      })
    })
    expect((await refusal({ ict })).code).toBe('checkpoint_nan')
  })

  it("one in HP's head stops it", async () => {
    await cp(room.at('HP/hp_backbone'), room.at('hp-nan/hp_backbone'), { recursive: true })
    await edited(
      'hp-nan/hp_scorer',
      (weights) => void (weights.get('layers.4.bias')!.values[3] = NaN),
      'hp-scorer.bin',
    )
    expect((await refusal({ hp: room.at('hp-nan') })).code).toBe('checkpoint_nan')
  })
})

test.each([
  ['version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 3944692325\n', 'git-lfs'],
  ['<!DOCTYPE html><html><title>Sign in</title></html>', 'HTML'],
])('instead of a checkpoint %j is named as what it is', async (text, name) => {
  await mkdir(room.at('foreign'), { recursive: true })
  await writeFile(room.at('foreign/pytorch_model.bin'), text)
  const error = await refusal({ ict: room.at('foreign') })
  expect(error.code).toBe('checkpoint_unreadable')
  expect(error.message).toContain(name)
})

describe('other sources and options that cannot be used', () => {
  it.each<[string, () => Partial<ConvertOptions>, string]>([
    ['no source', () => ({}), 'input_invalid_option'],
    ['no place to write to', () => ({ ict: room.at('ICT'), out: '' }), 'input_invalid_option'],
    ['no precision', () => ({ ict: room.at('ICT'), dtypes: [] }), 'input_invalid_option'],
    [
      'a precision that does not exist',
      () => ({ ict: room.at('ICT'), dtypes: ['fp7' as Dtype] }),
      'dtype_unknown',
    ],
    ['a folder without a checkpoint', () => ({ ict: room.at('base') }), 'checkpoint_not_found'],
    ['a folder that is not there', () => ({ ict: room.at('nowhere') }), 'checkpoint_not_found'],
    ['HP without its head', () => ({ hp: room.at('headless') }), 'checkpoint_not_found'],
    ['ICT in the place of HP', () => ({ hp: room.at('ICT') }), 'checkpoint_not_found'],
    [
      'a folder without images to calibrate with',
      () => ({ ict: room.at('ICT'), dtypes: ['q8'], calibrate: room.at('base') }),
      'input_invalid_option',
    ],
  ])('%s', async (_, options, code) => {
    await cp(room.at('HP/hp_backbone'), room.at('headless/hp_backbone'), { recursive: true })
    expect((await refusal(options())).code).toBe(code)
  })

  it('a config.json that is not JSON, or not of a CLIP', async () => {
    for (const text of ['{', '{"model_type":"bert"}']) {
      await mkdir(room.at('bad-base'), { recursive: true })
      await writeFile(room.at('bad-base/config.json'), text)
      expect((await refusal({ ict: room.at('ICT'), base: room.at('bad-base') })).code).toBe(
        'checkpoint_config',
      )
    }
    await rm(room.at('bad-base'), { recursive: true })
  })
})
