import { createHash } from 'node:crypto'
import { cp, mkdtemp, open, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest'
import { IcthpError } from '../../src/base/errors.ts'
import { convertCheckpoints, writeRandomCheckpoint } from '../../src/convert/index.ts'
import { drawnPictures } from '../../src/evaluation/drawn-pictures.ts'
import { verifyModel, type VerifyReport } from '../../src/evaluation/verify-model-node.ts'
import type { Dtype, ModelManifest } from '../../src/models/manifest.ts'
import { HpScorer, IctScorer } from '../../src/node.ts'

const DTYPES: readonly Dtype[] = ['fp32', 'fp16', 'int8', 'q8', 'q4']
let folder: string
let model: string
let report: VerifyReport

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'icthp-verify-'))
  await writeRandomCheckpoint(folder)
  model = join(folder, 'model')
  const from = (name: string): string => join(folder, name)
  await convertCheckpoints({
    ict: from('ICT'),
    hp: from('HP'),
    base: from('base'),
    out: model,
    dtypes: DTYPES,
  })
  report = await verifyModel({ model, device: 'cpu' })
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const manifestAt = (kind: 'ict' | 'hp', place = model): string => join(place, kind, 'icthp.json')
const readManifest = async (path: string): Promise<ModelManifest> =>
  JSON.parse(await readFile(path, 'utf8')) as ModelManifest

/** A model of its own, for tests that change it. */
async function copyOf(name: string): Promise<string> {
  const copy = join(folder, name)
  await cp(model, copy, { recursive: true })
  return copy
}

async function refusal(work: Promise<unknown>): Promise<IcthpError> {
  const error: unknown = await work.then(
    () => new Error('it was accepted'),
    (thrown: unknown) => thrown,
  )
  expect(error).toBeInstanceOf(IcthpError)
  return error as IcthpError
}

describe('all precisions of a small random model', () => {
  it('reports each, the right one first and without loss', () => {
    expect(report).toMatchObject({
      model,
      models: { ict: 'ICT', hp: 'HP' },
      against: 'fp32',
      images: { count: 16, source: 'drawn' },
      prompts: { count: 16, source: 'drawn' },
      failures: [],
      notes: [],
    })
    expect(report.precisions.map(({ dtype }) => dtype)).toEqual(DTYPES)
    const none = { device: 'cpu', score: { max: 0, mean: 0 }, imageCosine: { min: 1, mean: 1 } }
    expect(report.precisions[0]).toMatchObject({
      ict: { ...none, textCosine: { min: 1, mean: 1 } },
      hp: none,
      ranking: { combine: 'weighted', kendallTau: { min: 1, mean: 1 }, top1: 1 },
    })
  })

  // Rounding errors are independent and cancel over a tower's width. That of text is 32 channels wide here, not 1024, and
  // of 8-bit weights the least of 16 prompts keeps 0.9993.
  it.each<[Dtype, number]>([
    ['fp16', 0.99999],
    ['int8', 0.999],
    ['q8', 0.999],
    ['q4', 0.98],
  ])('%s has lost something, but not much', (dtype, cosine) => {
    const { ict, hp, memory } = report.precisions.find((precision) => precision.dtype === dtype)!
    for (const run of [ict!, hp!]) {
      expect(run.imageCosine.min).toBeGreaterThan(cosine)
      expect(run.imageCosine.min).toBeLessThan(1)
      expect(run.imageCosine.mean).toBeGreaterThanOrEqual(run.imageCosine.min)
      expect(run.score.max).toBeGreaterThan(0)
      expect(run.score.mean).toBeLessThanOrEqual(run.score.max)
      expect(run.secondsPerImage).toBeGreaterThan(0)
    }
    expect(ict!.textCosine!.min).toBeGreaterThan(cosine)
    expect(memory.models).toEqual(['ict', 'hp'])
    expect(memory.peak).toBeGreaterThanOrEqual(memory.resident)
    // A Node process with the runtime in it, and no other precision's weights.
    expect(memory.resident).toBeGreaterThan(40e6)
  })

  it('measures what the scorers give', async () => {
    const drawn = drawnPictures()
    const images = drawn.map(({ image }) => image)
    const prompts = drawn.map(({ caption }) => caption)
    const scores = async (dtype: Dtype): Promise<{ ict: number[]; hp: number[] }> => {
      await using ict = await IctScorer.fromPretrained(model, { device: 'cpu', dtype })
      await using hp = await HpScorer.fromPretrained(model, { device: 'cpu', dtype })
      return { ict: (await ict.matrix(images, prompts)).flat(), hp: await hp.score(images) }
    }
    const [right, got] = [await scores('fp32'), await scores('q4')]
    const q4 = report.precisions.find(({ dtype }) => dtype === 'q4')!
    for (const kind of ['ict', 'hp'] as const) {
      const off = got[kind].map((score, i) => Math.abs(score - right[kind][i]!))
      expect(q4[kind]!.score.max).toBeCloseTo(Math.max(...off), 6)
      expect(q4[kind]!.score.mean).toBeCloseTo(off.reduce((a, b) => a + b) / off.length, 6)
    }
  })

  it('is in the manifests, and every scorer tells it', async () => {
    expect(report.recorded).toEqual([manifestAt('ict'), manifestAt('hp')])
    const { measured } = await readManifest(manifestAt('ict'))
    expect(Object.keys(measured!)).toEqual(DTYPES)
    for (const dtype of ['fp32', 'int8'] as const) {
      const precision = report.precisions.find((one) => one.dtype === dtype)!
      await using ict = await IctScorer.fromPretrained(model, { device: 'cpu', dtype })
      await using hp = await HpScorer.fromPretrained(model, { device: 'cpu', dtype })
      const both = {
        against: 'fp32',
        images: report.images,
        memory: precision.memory,
        ranking: precision.ranking,
      }
      expect(ict.info.measured).toMatchObject({ ...both, ...precision.ict, prompts: report.prompts })
      expect(hp.info.measured).toMatchObject({ ...both, ...precision.hp })
      expect(hp.info.measured).not.toHaveProperty('prompts')
      expect(Date.parse(hp.info.measured!.date)).toBeGreaterThan(Date.parse('2024-01-01'))
    }
  })
})

test('own images and prompts, some precisions, another reference; older results of other precisions stay', async () => {
  const copy = await copyOf('own')
  const before = await readManifest(manifestAt('hp', copy))
  const images = drawnPictures()
    .slice(0, 3)
    .map(({ image }) => image)
  const own = await verifyModel({
    model: copy,
    device: 'cpu',
    images,
    prompts: ['a ball', 'a moon'],
    against: 'fp16',
    dtypes: ['q8'],
  })
  expect(own).toMatchObject({
    against: 'fp16',
    images: { count: 3, source: 'own' },
    prompts: { count: 2, source: 'own' },
    precisions: [{ dtype: 'fp16' }, { dtype: 'q8' }],
  })
  const { measured } = await readManifest(manifestAt('hp', copy))
  expect(measured!.q8).toMatchObject({ against: 'fp16', images: { count: 3, source: 'own' } })
  expect(measured!.q4).toEqual(before.measured!.q4)
})

test('record: false writes nothing; one image has no order', async () => {
  const before = await readFile(manifestAt('hp'), 'utf8')
  const image = drawnPictures()[0]!.image
  const { recorded, precisions } = await verifyModel({
    model: join(model, 'hp'),
    images: [image],
    dtypes: ['q8'],
    device: 'cpu',
    record: false,
  })
  expect(recorded).toEqual([])
  expect(precisions).toHaveLength(2)
  for (const precision of precisions) {
    expect(precision.memory.models).toEqual(['hp'])
    for (const absent of ['ict', 'ranking']) expect(precision).not.toHaveProperty(absent)
  }
  expect(await readFile(manifestAt('hp'), 'utf8')).toBe(before)
})

test('results that were damaged are left out, and the model loads', async () => {
  const copy = await copyOf('damaged')
  const manifest = await readManifest(manifestAt('hp', copy))
  const { fp32, q8 } = manifest.measured!
  const damaged: unknown[] = [
    'much',
    { fp32: { ...fp32, score: 'little' }, q8 },
    { fp32: { ...fp32, memory: null }, q8 },
  ]
  for (const measured of damaged) {
    await writeFile(manifestAt('hp', copy), JSON.stringify({ ...manifest, measured }))
    await using right = await HpScorer.fromPretrained(copy, { device: 'cpu', dtype: 'fp32' })
    expect(right.info).not.toHaveProperty('measured')
    await using eight = await HpScorer.fromPretrained(copy, { device: 'cpu', dtype: 'q8' })
    expect(eight.info.measured).toEqual(measured === 'much' ? undefined : q8)
  }
})

test('a precision that is damaged is told; the others are measured', async () => {
  const copy = await copyOf('broken')
  const file = await open(join(copy, 'hp/onnx/vision_model_int8.onnx_data'), 'r+')
  await file.write(Uint8Array.of(1, 2, 3), 0, 3, 1000)
  await file.close()
  const { failures, precisions } = await verifyModel({ model: copy, device: 'cpu', dtypes: ['int8', 'q8'] })
  expect(failures).toMatchObject([{ dtype: 'int8', code: 'model_sha256_mismatch' }])
  expect(precisions.map(({ dtype }) => dtype)).toEqual(['fp32', 'q8'])
  const broken = verifyModel({ model: copy, device: 'cpu', against: 'int8', dtypes: ['q8'] })
  expect(await refusal(broken)).toMatchObject({ code: 'model_sha256_mismatch' })
})

test('an abort ends it with its reason, and nothing is written', async () => {
  const before = await readFile(manifestAt('ict'), 'utf8')
  const reason = new Error('enough')
  const controller = new AbortController()
  const seen: string[] = []
  const verifying = verifyModel({
    model,
    device: 'cpu',
    signal: controller.signal,
    onProgress: ({ stage, item }) => {
      seen.push(`${stage} ${item}`)
      if (stage === 'measure' && item === 'fp16') controller.abort(reason)
    },
  })
  await expect(verifying).rejects.toBe(reason)
  expect(seen).toContain('measure fp32')
  expect(seen).not.toContain('measure int8')
  expect(await readFile(manifestAt('ict'), 'utf8')).toBe(before)
  await expect(verifyModel({ model, signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
})

test('images that cannot be read end it, or are handed over and left out', async () => {
  const bad = join(folder, 'bad.png')
  await writeFile(bad, 'no picture')
  const images = [bad, drawnPictures()[0]!.image]
  const options = { model, device: 'cpu', dtypes: ['fp32'], record: false } as const
  expect(await refusal(verifyModel({ ...options, images }))).toMatchObject({ code: 'image_unsupported' })
  const told: unknown[] = []
  const onImageError = (error: Error, index: number): void =>
    void told.push([(error as IcthpError).code, index])
  const { images: used } = await verifyModel({ ...options, images, onImageError })
  expect([used.count, told]).toEqual([1, [['image_unsupported', 0]]])
  const none = verifyModel({ ...options, images: [bad], onImageError: () => {} })
  expect((await refusal(none)).message).toContain('None of the images could be read')
})

test('a manifest that is a link is not written to', async () => {
  const copy = await copyOf('linked')
  const blob = join(folder, 'blob')
  await rename(manifestAt('hp', copy), blob)
  await symlink(blob, manifestAt('hp', copy))
  const digest = async (): Promise<string> =>
    createHash('sha256')
      .update(await readFile(blob))
      .digest('hex')
  const before = await digest()
  const { recorded, notes } = await verifyModel({ model: join(copy, 'hp'), device: 'cpu', dtypes: ['fp32'] })
  expect(recorded).toEqual([])
  expect(notes).toEqual([expect.stringContaining('is a link')])
  expect(await digest()).toBe(before)
})

describe('what it refuses', () => {
  it('a model that lacks the precision to compare with', async () => {
    const error = await refusal(verifyModel({ model, against: 'q4f16' }))
    expect(error).toMatchObject({
      name: 'ModelError',
      code: 'model_dtype_unavailable',
      details: { dtype: 'q4f16' },
    })
    expect(error.message).toContain('--dtype fp32,fp16,int8,q8,q4,q4f16')
    expect(error.message).toContain('--against fp32')
  })
  it.each<[string, Parameters<typeof verifyModel>[0], string]>([
    ['a precision that is not there', { dtypes: ['q4f16'] }, 'model_dtype_unavailable'],
    ['a precision that does not exist', { dtypes: ['fp7' as Dtype] }, 'dtype_unknown'],
    ['no images', { images: [] }, 'input_invalid_option'],
    ['no prompts', { prompts: [] }, 'input_invalid_option'],
    ['a device that does not exist', { device: 'abacus' as 'cpu' }, 'device_unknown'],
  ])('%s', async (_, options, code) =>
    expect((await refusal(verifyModel({ model, ...options }))).code).toBe(code),
  )
  it('a folder without a model', async () => {
    expect((await refusal(verifyModel({ model: folder }))).code).toBe('model_not_found')
  })
})
