import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { describe, expect, it } from 'vitest'
import { openUnconverted, type UnconvertedOptions } from '../../../src/convert/open/open-unconverted.ts'
import { kindNamed, type ModelKind } from '../../../src/models/kinds.ts'
import { checkpointRoom, type Weight } from '../checkpoint-room.ts'

// Which files of which layouts make a model, and what is said of those that make none. Nothing is converted here.
const room = checkpointRoom()

const opened = async (
  kind: ModelKind,
  path: string,
  options: UnconvertedOptions = {},
): Promise<{ files: string[]; notes: readonly string[]; sum: number; text: number }> => {
  const model = await openUnconverted(kindNamed(kind), path, options)
  const tensor = model.parts.find('visual_projection.weight')
  const sum = (await tensor.read()).reduce((a, b) => a + b, 0)
  await model.close()
  return {
    files: (model.parts.source.files as readonly { path: string }[]).map((file) => file.path).sort(),
    notes: model.notes,
    sum,
    text: model.parts.config.text.hiddenSize,
  }
}

const copy = async (from: string, to: string): Promise<string> => {
  await mkdir(dirname(room.at(to)), { recursive: true })
  await copyFile(room.at(from), room.at(to))
  return room.at(to)
}

interface Config {
  vision_config: object
  projection_dim: number
}
const configOf = async (): Promise<Config> =>
  JSON.parse(await readFile(room.at('base/config.json'), 'utf8')) as Config

/** As CLIPVisionModelWithProjection.save_pretrained writes it. */
async function visionModel(folder: string): Promise<string> {
  const weights = await room.weights('hp-backbone.bin')
  const vision = new Map([...weights].filter(([name]) => name.startsWith('vis')))
  await room.writeWeights(folder, vision)
  const { vision_config, projection_dim } = await configOf()
  const config = { ...vision_config, projection_dim, model_type: 'clip_vision_model' }
  await writeFile(room.at(folder, 'config.json'), JSON.stringify(config))
  return room.at(folder)
}

describe('HP', () => {
  const HEAD = 'HP/hp_scorer/mlp_pytorch_model.bin'
  const BACKBONE = 'HP/hp_backbone/pytorch_model.bin'
  const plain = (): ReturnType<typeof opened> => opened('hp', room.at('HP'), { base: room.at('base') })

  it('of a CLIPVisionModelWithProjection, as folder and as files, by its own config alone', async () => {
    const { sum } = await plain()
    await visionModel('vision/hp_backbone')
    const head = await copy(HEAD, 'vision/hp_scorer/mlp_pytorch_model.bin')
    const folder = room.at('vision/hp_backbone')
    for (const [path, options] of [
      [room.at('vision'), {}],
      [folder, { head }],
      [`${folder}/model.safetensors`, { head }],
      [`${folder}/model.safetensors`, { head: dirname(head) }],
    ] as const)
      expect(await opened('hp', path, options)).toMatchObject({ sum, notes: [] })
    // Of the base model's config, the text tower does not count.
    expect(await opened('hp', room.at('vision'), { base: room.at('base') })).toMatchObject({ sum, notes: [] })
  })

  it('has the config.json that lies beside its weights, whatever lies above', async () => {
    const { vision_config, ...config } = await configOf()
    const write = (folder: string, heads: number): Promise<void> =>
      writeFile(
        room.at(folder, 'config.json'),
        JSON.stringify({ ...config, vision_config: { ...vision_config, num_attention_heads: heads } }),
      )
    await copy(BACKBONE, 'heads/hp_backbone/pytorch_model.bin')
    await copy(HEAD, 'heads/hp_scorer/mlp_pytorch_model.bin')
    const heads = async (): Promise<number> => {
      const model = await openUnconverted(kindNamed('hp'), room.at('heads'), { base: room.at('base') })
      await model.close()
      return model.parts.config.vision.heads
    }
    await write('heads', 2)
    expect(await heads()).toBe(2)
    await write('heads/hp_backbone', 1)
    expect(await heads()).toBe(1)
  })

  it('of two files side by side', async () => {
    const { sum } = await plain()
    await visionModel('flat')
    await copy(HEAD, 'flat/mlp_pytorch_model.bin')
    expect(await opened('hp', room.at('flat'))).toMatchObject({
      sum,
      notes: [],
      files: ['mlp_pytorch_model.bin', 'model.safetensors'],
    })
    await copy(BACKBONE, 'flat-bin/backbone.pt')
    await copy(HEAD, 'flat-bin/mlp_pytorch_model.bin')
    const files = ['backbone.pt', 'mlp_pytorch_model.bin']
    expect(await opened('hp', room.at('flat-bin'), { base: room.at('base') })).toMatchObject({ sum, files })
    await copy(BACKBONE, 'half/hp_backbone/pytorch_model.bin')
    await copy(HEAD, 'half/mlp_pytorch_model.bin')
    expect(await opened('hp', room.at('half'), { base: room.at('base') })).toMatchObject({ sum })
  })

  it('of one file with both', async () => {
    const { sum } = await plain()
    const weights = new Map<string, Weight>()
    for (const [name, weight] of await room.weights('hp-backbone.bin')) weights.set(`clip.${name}`, weight)
    for (const [name, weight] of await room.weights('hp-scorer.bin'))
      weights.set(name.replace('layers', 'scorer'), weight)
    const folder = await room.writeWeights('one', weights)
    const model = await opened('hp', folder, { base: room.at('base') })
    expect(model).toMatchObject({ sum, files: ['model.safetensors'] })
    expect(model.notes.join()).toMatch(/"clip\.".*"scorer\."/)
  })

  it('of files that cannot be told apart says how to name them', async () => {
    await copy(BACKBONE, 'unnamed/a.pt')
    await copy(HEAD, 'unnamed/b.pt')
    await expect(opened('hp', room.at('unnamed'), { base: room.at('base') })).rejects.toMatchObject({
      code: 'checkpoint_not_found',
      message: expect.stringMatching(/a\.pt, b\.pt.*--hp-head/),
    })
  })
})

describe('ICT', () => {
  it('is no vision tower', async () => {
    await expect(opened('ict', await visionModel('ict-vision'))).rejects.toMatchObject({
      code: 'checkpoint_config',
      message: expect.stringContaining('a vision tower alone'),
    })
  })

  it('below a wrapper takes what it lacks from a base of any name, below another', async () => {
    const whole = await room.weights('ict.safetensors')
    const below = (root: string, names: (name: string) => boolean): Map<string, Weight> =>
      new Map([...whole].filter(([name]) => names(name)).map(([name, weight]) => [root + name, weight]))
    await room.writeWeights(
      'net',
      below('net.', (name) => name !== 'visual_projection.weight'),
    )
    await copy('ICT/pytorch_model.bin', 'named-base/weights.pt')
    await copy('base/config.json', 'named-base/config.json')
    const { notes } = await opened('ict', room.at('net'), { base: room.at('named-base') })
    expect(notes).toEqual([
      expect.stringContaining('start with "net."'),
      expect.stringContaining('come from the base model: visual_projection.weight'),
    ])
  })

  const TOKENS = 'text_model.embeddings.token_embedding.weight'
  it.each([
    ['rows unlike the config', 49410, 49408, 'checkpoint_keys', 'vocabulary is of another size'],
    ['a smaller vocabulary', 1000, 1000, 'checkpoint_config', '1000 tokens, and that of CLIP has 49408'],
    ['a larger one', 49410, 49410, undefined, ''],
  ])('with %s', async (name, rows, size, code, says) => {
    const weights = await room.weights('ict.safetensors')
    const width = weights.get(TOKENS)!.shape[1]!
    weights.set(TOKENS, {
      dtype: 'F32',
      shape: [rows, width],
      values: new Float32Array(rows * width).fill(0.5),
    })
    const folder = await room.writeWeights(`tokens-${name}`, weights)
    const config = (await configOf()) as Config & { text_config: object }
    const own = { ...config, text_config: { ...config.text_config, vocab_size: size } }
    await writeFile(`${folder}/config.json`, JSON.stringify(own))
    const model = opened('ict', folder)
    if (code === undefined) expect((await model).notes).toEqual([])
    else await expect(model).rejects.toMatchObject({ code, message: expect.stringContaining(says) })
  })

  it('with a set that is not there says what is', async () => {
    const weights = new Map<string, Weight>()
    for (const [name, weight] of await room.weights('ict.safetensors')) {
      weights.set(`params.${name}`, weight)
      weights.set(`params_ema.${name}`, { ...weight, values: weight.values.map((value) => value + 1) })
    }
    const folder = await room.writeWeights('params', weights)
    const base = room.at('base')
    const { sum } = await opened('ict', room.at('ICT'), { base })
    expect((await opened('ict', folder, { base, weightsKey: 'params' })).sum).toBe(sum)
    for (const [weightsKey, says] of [
      [undefined, /\(params, params_ema\)\. Name the wanted one \(--weights-key params\)/],
      ['ema', /\(params, params_ema\), none called "ema"/],
    ] as const)
      await expect(opened('ict', folder, { base, weightsKey })).rejects.toMatchObject({
        code: 'checkpoint_unreadable',
        message: expect.stringMatching(says),
      })
  })
})

describe.each(['config.json', 'preprocessor_config.json'])('%s that is none', (name) => {
  it.each([
    ['a folder', undefined, 'is a folder, not a file'],
    ['a list', '[]', /list|not an object/],
    ['a number', '3', 'not an object'],
    ['garbage', '{not json', 'is not JSON'],
    ['nothing', '', 'is not JSON'],
    ['a large file', ' '.repeat(5 << 20), 'far more than a config'],
    ['brackets', '['.repeat(1 << 20), 'is not JSON'],
  ])('%s', async (what, text, says) => {
    const folder = `${name} ${what}`
    await copy('ICT/pytorch_model.bin', `${folder}/pytorch_model.bin`)
    if (name !== 'config.json') await copy('base/config.json', `${folder}/config.json`)
    if (text === undefined) await mkdir(room.at(folder, name))
    else await writeFile(room.at(folder, name), text)
    await expect(opened('ict', room.at(folder), { base: room.at('base') })).rejects.toMatchObject({
      code: 'checkpoint_config',
      message: expect.stringMatching(says),
    })
  })
})
