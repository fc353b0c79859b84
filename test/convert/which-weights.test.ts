import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { convertCheckpoints, type ConvertOptions, openCheckpoint } from '../../src/convert/index.ts'
import { dictOf, floatTensor, op, storedZip } from '../checkpoint/stored-archive.ts'
import { checkpointRoom } from './checkpoint-room.ts'

// Which of several files, and which of several sets of weights, is converted.
const room = checkpointRoom()
let next = 0

const convert = async (options: Omit<ConvertOptions, 'out'>): ReturnType<typeof convertCheckpoints> =>
  convertCheckpoints({ ...options, out: room.at(`out-${next++}`) })

/** The same as a conversion of the plain checkpoint. */
async function expectSame(options: Omit<ConvertOptions, 'out'>, kind: 'ICT' | 'HP'): Promise<string[]> {
  const { models } = await convert({ base: room.at('base'), ...options })
  const plain = await convert({ base: room.at('base'), [kind.toLowerCase()]: room.at(kind) })
  const weights = ({ files }: (typeof models)[0]['manifest']): unknown =>
    Object.entries(files).filter(([path]) => path.startsWith('onnx/'))
  expect(weights(models[0]!.manifest)).toEqual(weights(plain.models[0]!.manifest))
  return [...models[0]!.notes]
}

async function copy(from: string, to: string): Promise<string> {
  await mkdir(dirname(room.at(to)), { recursive: true })
  await copyFile(from, room.at(to))
  return room.at(to)
}

test('safetensors go before an older pytorch_model.bin, as from_pretrained takes them, and a note says so', async () => {
  await room.unpack('ict.safetensors', 'both/model.safetensors')
  await writeFile(room.at('both/pytorch_model.bin'), 'older')
  await writeFile(room.at('both/._model.pt'), 'of a file manager')
  const notes = await expectSame({ ict: room.at('both') }, 'ICT')
  expect(notes).toEqual([
    expect.stringMatching(/both\/model\.safetensors was taken; pytorch_model\.bin beside it was not/),
  ])
})

test("the head's official name goes before others", async () => {
  await room.unpack('hp-backbone.bin', 'heads/hp_backbone/pytorch_model.bin')
  await room.unpack('hp-scorer.bin', 'heads/hp_scorer/mlp_pytorch_model.bin')
  await writeFile(room.at('heads/hp_scorer/pytorch_model.bin'), 'another')
  const notes = await expectSame({ hp: room.at('heads') }, 'HP')
  expect(notes).toEqual([expect.stringContaining('mlp_pytorch_model.bin was taken; pytorch_model.bin')])
})

test('HP by its two files', async () => {
  const backbone = await room.unpack('hp-backbone.bin', 'files/backbone.pt')
  const head = await room.unpack('hp-scorer.bin', 'files/head.pt')
  await expectSame({ hp: backbone, hpHead: head }, 'HP')
  await expect(convert({ hp: backbone, base: room.at('base') })).rejects.toMatchObject({
    code: 'checkpoint_not_found',
    message: expect.stringContaining('--hp-head'),
  })
})

test('config.json beside a file that is named', async () => {
  await room.unpack('ict-zip.bin', 'named/weights.pt')
  await copy(room.at('base/config.json'), 'named/config.json')
  const { models } = await convert({ ict: room.at('named/weights.pt') })
  expect(models[0]!.manifest.projectionDim).toBeGreaterThan(0)
})

test('a base that is not there is an error; one without its weights is none where nothing is lacking', async () => {
  await expect(convert({ ict: room.at('ICT'), base: room.at('no-base') })).rejects.toMatchObject({
    code: 'checkpoint_not_found',
    message: expect.stringContaining('--base'),
  })
  await expect(convert({ ict: room.at('ICT'), base: room.at('base/config.json') })).rejects.toMatchObject({
    code: 'checkpoint_not_found',
    message: expect.stringContaining(`--base ${room.at('base')}`),
  })
  await copy(room.at('base/config.json'), 'part-base/config.json')
  await writeFile(
    room.at('part-base/model.safetensors.index.json'),
    JSON.stringify({ weight_map: { a: 'gone.safetensors' } }),
  )
  await expectSame({ ict: room.at('ICT'), base: room.at('part-base') }, 'ICT')
})

test('a preprocessor_config.json of the checkpoint counts', async () => {
  await room.unpack('ict-zip.bin', 'pixels/pytorch_model.bin')
  const json = {
    image_mean: [0.5, 0.4, 0.3],
    image_std: [0.2, 0.3, 0.4],
    resample: 3,
    size: { shortest_edge: 224 },
    crop_size: 224,
  }
  const write = (more: object): Promise<void> =>
    writeFile(room.at('pixels/preprocessor_config.json'), JSON.stringify({ ...json, ...more }))
  await write({})
  const { models } = await convert({ ict: room.at('pixels'), base: room.at('base') })
  expect(models[0]!.manifest.preprocess).toEqual({ size: 224, mean: json.image_mean, std: json.image_std })
  expect(models[0]!.notes).toEqual([expect.stringContaining('another mean')])
  for (const [field, value] of [
    ['resample', 2],
    ['do_center_crop', false],
    ['rescale_factor', 1 / 127.5],
    ['size', { shortest_edge: 256 }],
    ['image_mean', [0.5]],
    ['image_std', [0, 1, 1]],
    ['crop_size', { height: 224, width: 225 }],
    // Each of these gives other pixels in transformers 5.18: squashed, not cropped, or not normalised.
    ['size', { height: 224, width: 224 }],
    ['size', { shortest_edge: 224, longest_edge: 224 }],
    ['default_to_square', true],
    ['do_pad', true],
    ['do_resize', null],
    ['do_center_crop', null],
    ['do_normalize', null],
  ] as const) {
    await write({ [field]: value })
    await expect(convert({ ict: room.at('pixels'), base: room.at('base') })).rejects.toMatchObject({
      code: 'checkpoint_config',
      message: expect.stringContaining(field),
    })
  }
})

test('the image_processor of a processor_config.json goes before a preprocessor_config.json, as in transformers 5', async () => {
  const folder = dirname(await room.unpack('ict-zip.bin', 'pixels-5/pytorch_model.bin'))
  const write = (name: string, json: object): Promise<void> =>
    writeFile(join(folder, name), JSON.stringify(json))
  const means = async (): Promise<unknown> =>
    (await convert({ ict: folder, base: room.at('base') })).models[0]!.manifest.preprocess.mean
  await write('preprocessor_config.json', { image_mean: [0.1, 0.1, 0.1] })
  await write('processor_config.json', { processor_class: 'CLIPProcessor' })
  expect(await means()).toEqual([0.1, 0.1, 0.1])
  await write('processor_config.json', { image_processor: { image_mean: [0.5, 0.4, 0.3] } })
  expect(await means()).toEqual([0.5, 0.4, 0.3])
})

test("a config.json unlike the base's is said", async () => {
  await room.unpack('ict-zip.bin', 'heads-of-its-own/pytorch_model.bin')
  const config = JSON.parse(await readFile(room.at('base/config.json'), 'utf8')) as { vision_config: object }
  const own = { ...config, vision_config: { ...config.vision_config, num_attention_heads: 2 } }
  await writeFile(room.at('heads-of-its-own/config.json'), JSON.stringify(own))
  const { models } = await convert({ ict: room.at('heads-of-its-own'), base: room.at('base') })
  expect(models[0]!.notes).toEqual([expect.stringContaining('vision heads 2, not 4')])
})

test.each([
  'visual_projection.weight',
  'text_model.encoder.layers.1.mlp.fc1.weight',
  'vision_model.encoder.layers.0.self_attn.out_proj.weight',
])('all of %s being 0 is no model', async (key) => {
  const weights = await room.weights('ict.safetensors')
  const { values } = weights.get(key)!
  values.fill(0)
  const folder = await room.writeWeights(`zero-${key}`, weights)
  await expect(convert({ ict: folder, base: room.at('base') })).rejects.toMatchObject({
    name: 'CheckpointError',
    code: 'checkpoint_nan',
    message: expect.stringMatching(/All values of .* are 0/),
  })
})

test('of two sets of weights, none is taken unasked', async () => {
  const set = (key: string): Buffer => dictOf({ a: floatTensor(key, 1, 0, [1], [1]) }).subarray(2, -1)
  const file = storedZip({
    'data.pkl': dictOf({ state_dict: set('0'), ema_state_dict: set('1') }),
    'data/0': new Uint8Array(Float32Array.of(1).buffer),
    'data/1': new Uint8Array(Float32Array.of(2).buffer),
  })
  await mkdir(room.at('sets'))
  await writeFile(room.at('sets/last.ckpt'), file)
  await expect(convert({ ict: room.at('sets'), base: room.at('base') })).rejects.toMatchObject({
    code: 'checkpoint_unreadable',
    message: expect.stringMatching(/state_dict, ema_state_dict.*--weights-key/),
  })
  for (const [weightsKey, value] of [
    ['state_dict', 1],
    ['ema_state_dict', 2],
  ] as const) {
    await using checkpoint = await openCheckpoint(room.at('sets'), { weightsKey })
    expect(await checkpoint.tensors.get('a')!.read()).toEqual(Float32Array.of(value))
    expect(checkpoint.wrapper).toBe(`${weightsKey}.`)
  }
})

test('one set under two names is one', async () => {
  const tensor = floatTensor('0', 1, 0, [1], [1])
  const inner = dictOf({ a: tensor }).subarray(2, -1)
  const file = storedZip({
    'data.pkl': dictOf({ model: Buffer.concat([inner, op.put(7)]), ema: op.get(7) }),
    'data/0': new Uint8Array(Float32Array.of(3).buffer),
  })
  await writeFile(room.at('alias.ckpt'), file)
  await using checkpoint = await openCheckpoint(room.at('alias.ckpt'))
  expect(await checkpoint.tensors.get('a')!.read()).toEqual(Float32Array.of(3))
})

test('a set that is not there is an error with those that are', async () => {
  await expect(
    convert({ ict: room.at('ICT'), base: room.at('base'), weightsKey: 'ema' }),
  ).rejects.toMatchObject({
    code: 'checkpoint_keys',
    message: expect.stringContaining('"ema"'),
  })
})
