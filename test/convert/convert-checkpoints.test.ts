import { existsSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { modelOfFiles } from '../../src/backend/model-of-files.ts'
import { OrtNodeBackend } from '../../src/backend/ort-node/ort-backend-node.ts'
import { convertCheckpoints } from '../../src/convert/index.ts'
import { l2Normalise } from '../../src/models/embeddings.ts'
import { HpScorer, IctScorer } from '../../src/node.ts'
import { ClipTokenizer } from '../../src/text/clip-tokenizer.ts'
import { checkpointRoom, furthest, type Reference } from './checkpoint-room.ts'

const room = checkpointRoom()
const TOLERANCE = 2e-5

type Answers = Pick<
  Reference,
  'images' | 'prompts' | 'ict' | 'hp' | 'ictImageEmbeds' | 'hpImageEmbeds' | 'ictTextEmbeds'
>

/** Embeddings may be given by their first values only. */
const cut = (embeds: readonly Float32Array[], like: readonly (readonly number[])[]): Float32Array[] =>
  embeds.map((values, i) => values.subarray(0, like[i]!.length))

async function expectIct(model: string, images: readonly string[], answers: Answers): Promise<void> {
  await using ict = await IctScorer.fromPretrained(model, { device: 'cpu', dtype: 'fp32', batchSize: 3 })
  expect(furthest(await ict.matrix(images, answers.prompts), answers.ict)).toBeLessThan(TOLERANCE)
  expect(
    furthest(cut(await ict.embedImages(images), answers.ictImageEmbeds), answers.ictImageEmbeds),
  ).toBeLessThan(TOLERANCE)
  expect(
    furthest(cut(await ict.embedTexts(answers.prompts), answers.ictTextEmbeds), answers.ictTextEmbeds),
  ).toBeLessThan(TOLERANCE)
  for (const [i, image] of images.entries()) {
    const j = i % answers.prompts.length
    expect(furthest([await ict.score(image, answers.prompts[j]!)], [answers.ict[i]![j]!])).toBeLessThan(
      TOLERANCE,
    )
  }
}

async function expectHp(model: string, images: readonly string[], answers: Answers): Promise<void> {
  await using hp = await HpScorer.fromPretrained(model, { device: 'cpu', dtype: 'fp32', batchSize: 3 })
  expect(furthest(await hp.score(images), answers.hp)).toBeLessThan(TOLERANCE)
  expect(
    furthest(cut(await hp.embedImages(images), answers.hpImageEmbeds), answers.hpImageEmbeds),
  ).toBeLessThan(TOLERANCE)
  for (const [i, image] of images.entries()) {
    expect(furthest([await hp.score(image)], [answers.hp[i]!])).toBeLessThan(TOLERANCE)
  }
}

/** A checkpoint of every kind holds the very same weights, so that one reference fits all. */
describe('ICT has the scores and embeddings of PyTorch, read from', () => {
  it.each<[string, Record<string, string>]>([
    ['a legacy torch file', { 'ict-legacy.bin': 'pytorch_model.bin' }],
    ['a torch zip', { 'ict-zip.bin': 'pytorch_model.bin' }],
    ['a torch zip in float16', { 'ict-float16.bin': 'pytorch_model.bin' }],
    ['a torch zip in float64', { 'ict-float64.bin': 'pytorch_model.bin' }],
    ['safetensors', { 'ict.safetensors': 'model.safetensors' }],
    ['safetensors in bfloat16', { 'ict-bfloat16.safetensors': 'model.safetensors' }],
    [
      'sharded safetensors',
      {
        'ict-model.safetensors.index.json': 'model.safetensors.index.json',
        'ict-model-00001-of-00002.safetensors': 'model-00001-of-00002.safetensors',
        'ict-model-00002-of-00002.safetensors': 'model-00002-of-00002.safetensors',
      },
    ],
  ])('%s', async (name, files) => {
    for (const [fixture, path] of Object.entries(files)) await room.unpack(fixture, `${name}/ICT/${path}`)
    const { models } = await convertCheckpoints({
      ict: room.at(name, 'ICT'),
      base: room.at('base'),
      out: room.at(name),
    })
    expect(models).toMatchObject([{ kind: 'ict', fromBase: [], notes: [] }])
    const weights = Object.values(files).filter((path) => !path.endsWith('.json'))
    expect(models[0]!.manifest.source.files.map(({ path }) => path)).toEqual(weights)
    await expectIct(room.at(name), room.images, room.reference)
  })
})

describe('HP has the scores and embeddings of PyTorch, read from', () => {
  it.each<[string, Record<string, string>]>([
    [
      'torch zips',
      {
        'hp-backbone.bin': 'hp_backbone/pytorch_model.bin',
        'hp-scorer.bin': 'hp_scorer/mlp_pytorch_model.bin',
      },
    ],
    [
      'safetensors of the vision tower alone, in float16',
      {
        'hp-vision-float16.safetensors': 'hp_backbone/model.safetensors',
        'hp-scorer-float16.safetensors': 'hp_scorer/model.safetensors',
      },
    ],
  ])('%s', async (name, files) => {
    for (const [fixture, path] of Object.entries(files)) await room.unpack(fixture, `${name}/HP/${path}`)
    const { models } = await convertCheckpoints({
      hp: room.at(name, 'HP'),
      base: room.at('base'),
      out: room.at(name),
    })
    expect(models).toMatchObject([{ kind: 'hp', notes: [] }])
    expect(Object.keys(models[0]!.manifest.towers)).toEqual(['vision'])
    await expectHp(room.at(name), room.images, room.reference)
  })
})

describe('what config.json says is followed', () => {
  it.each(['quick_gelu', 'eos_token_id 49407', 'eos_token_id 320'])('%s', async (variant) => {
    const config = JSON.parse(await readFile(room.at('base/config.json'), 'utf8')) as Record<
      string,
      Record<string, unknown>
    >
    const [key, value] = variant.split(' ')
    for (const tower of ['text_config', 'vision_config']) {
      if (key === 'quick_gelu') config[tower]!['hidden_act'] = key
      else if (tower === 'text_config') config[tower]![key!] = Number(value)
    }
    await room.unpack('config.json', `${variant}/base/config.json`)
    await writeFile(room.at(variant, 'base/config.json'), JSON.stringify(config))
    await convertCheckpoints({
      ict: room.at('ICT'),
      hp: room.at('HP'),
      base: room.at(variant, 'base'),
      out: room.at(variant),
    })
    const { ict: right, hp: rightHp } = room.reference.variants[variant]!
    await using ict = await IctScorer.fromPretrained(room.at(variant), { device: 'cpu' })
    await using hp = await HpScorer.fromPretrained(room.at(variant), { device: 'cpu' })
    expect(furthest(await ict.matrix(room.images, room.reference.prompts), right)).toBeLessThan(TOLERANCE)
    expect(furthest(await hp.score(room.images), rightHp)).toBeLessThan(TOLERANCE)
    // The plain one would not pass here, so that the check can fail.
    const plain = key === 'eos_token_id' && value === '49407' ? 0 : furthest(room.reference.ict, right)
    expect(plain === 0 || plain > 10 * TOLERANCE).toBe(true)
  })
})

it('the text tower takes prompts at their real length, alone and with others of that length', async () => {
  await convertCheckpoints({ ict: room.at('ICT'), base: room.at('base'), out: room.at('lengths') })
  const backend = new OrtNodeBackend()
  const path = room.at('lengths/ict/onnx/text_model.onnx')
  const session = await backend.load(modelOfFiles('text', { path }), { device: 'cpu' })
  const embed = async (rows: readonly (readonly number[])[]): Promise<Float32Array[]> => {
    const input_ids = {
      dtype: 'int64',
      dims: [rows.length, rows[0]!.length],
      data: BigInt64Array.from(rows.flat(), BigInt),
    } as const
    const { text_embeds } = await session.run({ input_ids })
    const [, size] = text_embeds!.dims as [number, number]
    return rows.map((_, row) =>
      l2Normalise((text_embeds!.data as Float32Array).slice(row * size, (row + 1) * size)),
    )
  }
  const tokenizer = new ClipTokenizer()
  const { prompts, ictTextEmbeds } = room.reference
  for (const [i, prompt] of prompts.entries()) {
    const ids = [...tokenizer.encode(prompt)]
    const right = ictTextEmbeds[i]!
    // PyTorch's answers are those of 77 tokens.
    expect(furthest(await embed([ids]), [right])).toBeLessThan(TOLERANCE)
    const padded = [...ids, ...Array<number>(77 - ids.length).fill(0)]
    expect(furthest(await embed([padded]), [right])).toBeLessThan(TOLERANCE)
    expect(furthest(await embed([ids, ids]), [right, right])).toBeLessThan(TOLERANCE)
  }
  expect(new Set(prompts.map((prompt) => tokenizer.encode(prompt).length)).size).toBeGreaterThan(4)
  await session.dispose()
  await backend.dispose()
})

const golden = fileURLToPath(new URL('../../../shared/golden/', import.meta.url))

describe.skipIf(!existsSync(golden))("the shared tiny checkpoint has the reference's answers", () => {
  it('every score and embedding, batched and single', async () => {
    const answers = JSON.parse(await readFile(join(golden, 'scores/tiny.json'), 'utf8')) as Answers
    const images = answers.images.map((name) => join(golden, 'images', name))
    const tiny = (name: string): string => join(golden, 'tiny', name)
    await convertCheckpoints({ ict: tiny('ICT'), hp: tiny('HP'), base: tiny('base'), out: room.at('golden') })
    await expectIct(room.at('golden'), images, answers)
    await expectHp(room.at('golden'), images, answers)
  })
})
