import { createHash } from 'node:crypto'
import { cp, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { beforeAll, describe, expect, it, test } from 'vitest'
import { VERSION } from '../../src/base/version.ts'
import { convertCheckpoints, type ConvertReport } from '../../src/convert/index.ts'
import { type Dtype, type ModelManifest, sealManifest } from '../../src/models/manifest.ts'
import { HpScorer } from '../../src/node.ts'
import { checkpointRoom } from './checkpoint-room.ts'

const room = checkpointRoom()
const DTYPES: readonly Dtype[] = ['fp32', 'fp16', 'int8', 'q8', 'q4']
const SUFFIXES = ['', '_fp16', '_int8', '_quantized', '_q4']
let report: ConvertReport

beforeAll(async () => {
  const { sha256 } = await digest(room.at('ICT/pytorch_model.bin'))
  const origins = {
    ict: {
      repository: '8y/ICT',
      revision: 'abc123',
      license: 'MIT',
      sha256: { 'pytorch_model.bin': sha256 },
    },
  }
  const sources = { ict: room.at('ICT'), hp: room.at('HP'), base: room.at('base') }
  report = await convertCheckpoints({ ...sources, out: room.at('out'), dtypes: DTYPES, origins })
})

const digest = async (path: string): Promise<{ size: number; sha256: string }> => {
  const bytes = await readFile(path)
  return { size: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') }
}
const readJson = async (path: string): Promise<Record<string, unknown>> =>
  JSON.parse(await readFile(room.at(path), 'utf8')) as Record<string, unknown>
const graphs = (tower: string): string[] =>
  SUFFIXES.flatMap((suffix) => [
    `onnx/${tower}_model${suffix}.onnx`,
    `onnx/${tower}_model${suffix}.onnx_data`,
  ])

describe('a model folder', () => {
  it('holds what its manifest lists, of these sizes and digests, and nothing else', async () => {
    for (const { kind, manifest } of report.models) {
      expect(await readJson(`out/${kind}/icthp.json`)).toEqual(JSON.parse(JSON.stringify(manifest)))
      expect(await room.list(`out/${kind}`)).toEqual([...Object.keys(manifest.files), 'icthp.json'].sort())
      for (const [path, expected] of Object.entries(manifest.files)) {
        expect(await digest(room.at('out', kind, path)), path).toEqual(expected)
      }
    }
  })

  it('has the names of transformers.js', () => {
    const small = ['config.json', 'preprocessor_config.json']
    const [ict, hp] = report.models.map(({ manifest }) => Object.keys(manifest.files).sort())
    const tokenizer = ['tokenizer.json', 'tokenizer_config.json']
    expect(ict).toEqual([...graphs('vision'), ...graphs('text'), ...small, ...tokenizer].sort())
    expect(hp).toEqual([...graphs('vision'), ...small].sort())
  })

  it('says where it comes from and what made it', async () => {
    const [ict, hp] = report.models.map(({ manifest }) => manifest)
    expect(ict).toMatchObject({
      format: 1,
      kind: 'ict',
      name: '8y/ICT',
      library: VERSION,
      projectionDim: 64,
      contextLength: 77,
      preprocess: { size: 224 },
      calibration: { data: 'bundled' },
    })
    expect(ict!.source).toEqual({
      repository: '8y/ICT',
      revision: 'abc123',
      license: 'MIT',
      files: [{ path: 'pytorch_model.bin', ...(await digest(room.at('ICT/pytorch_model.bin'))) }],
    })
    expect(hp).toMatchObject({ kind: 'hp', name: 'HP' })
    expect(hp!.source).toEqual({
      files: [
        {
          path: 'hp_backbone/pytorch_model.bin',
          size: (await stat(room.at('HP/hp_backbone/pytorch_model.bin'))).size,
        },
        {
          path: 'hp_scorer/mlp_pytorch_model.bin',
          size: (await stat(room.at('HP/hp_scorer/mlp_pytorch_model.bin'))).size,
        },
      ],
    })
    expect(hp).not.toHaveProperty('contextLength')
  })

  it('has the config of the checkpoint, for others to read', async () => {
    const tower = {
      hidden_size: 32,
      intermediate_size: 64,
      hidden_act: 'gelu',
      layer_norm_eps: 1e-5,
      projection_dim: 64,
    }
    const config = await readJson('out/ict/config.json')
    expect(config).toMatchObject({
      architectures: ['CLIPModel'],
      model_type: 'clip',
      projection_dim: 64,
      vision_config: {
        ...tower,
        num_hidden_layers: 3,
        num_attention_heads: 4,
        image_size: 224,
        patch_size: 14,
      },
      text_config: {
        ...tower,
        num_hidden_layers: 2,
        num_attention_heads: 2,
        vocab_size: 49408,
        max_position_embeddings: 77,
        eos_token_id: 2,
      },
    })
    const names = [...graphs('vision'), ...graphs('text')]
      .filter((path) => path.endsWith('.onnx'))
      .map((path) => path.slice(5))
    expect(config['transformers.js_config']).toEqual({
      use_external_data_format: Object.fromEntries(names.map((name) => [name, 1])),
    })
    expect(await readJson('out/hp/config.json')).toMatchObject({
      architectures: ['CLIPVisionModelWithProjection'],
    })
    expect(await readJson('out/hp/preprocessor_config.json')).toMatchObject({
      size: { shortest_edge: 224 },
      resample: 3,
    })
  })
})

describe('a folder that was changed never scores', () => {
  const data = 'hp/onnx/vision_model.onnx_data'
  const manifestPath = 'hp/icthp.json'
  let changed = 0

  async function copy(): Promise<string> {
    const name = `changed-${changed++}`
    await cp(room.at('out/hp'), room.at(name, 'hp'), { recursive: true })
    return name
  }
  const load = async (name: string, dtype: Dtype = 'fp32'): Promise<unknown> =>
    HpScorer.fromPretrained(room.at(name), { device: 'cpu', dtype }).then(
      (scorer) => scorer.dispose(),
      (error: unknown) => error,
    )
  async function editBytes(name: string, edit: (bytes: Buffer) => void, path = data): Promise<void> {
    const bytes = await readFile(room.at(name, path))
    edit(bytes)
    await writeFile(room.at(name, path), bytes)
  }
  async function editManifest(
    name: string,
    edit: (manifest: ModelManifest) => object | string,
  ): Promise<void> {
    // With a checksum that is right: it would be wrong before anything else is.
    const { checksum: _, ...manifest } = (await readJson(
      `${name}/${manifestPath}`,
    )) as unknown as ModelManifest
    const made = edit(manifest)
    await writeFile(
      room.at(name, manifestPath),
      typeof made === 'string' ? made : JSON.stringify(sealManifest(made as ModelManifest)),
    )
  }

  it.each([
    ['the weights', data],
    ['the graph', 'hp/onnx/vision_model.onnx'],
  ])('one bit of %s: model_sha256_mismatch', async (_, path) => {
    const name = await copy()
    await editBytes(name, (bytes) => void (bytes[bytes.length >> 1]! ^= 1), path)
    expect(await load(name)).toMatchObject({ name: 'ModelError', code: 'model_sha256_mismatch' })
  })

  it('weights cut short: model_file_truncated', async () => {
    const name = await copy()
    await truncate(room.at(name, data), 1000)
    expect(await load(name)).toMatchObject({ name: 'ModelError', code: 'model_file_truncated' })
  })

  it('weights that are gone: model_file_missing', async () => {
    const name = await copy()
    await rm(room.at(name, data))
    expect(await load(name)).toMatchObject({ name: 'ModelError', code: 'model_file_missing' })
    expect(await load(name, 'fp16')).toBeUndefined()
  })

  it('a manifest that is gone, or of the other model', async () => {
    const name = await copy()
    await rm(room.at(name, manifestPath))
    expect(await load(name)).toMatchObject({ name: 'ModelError', code: 'model_not_found' })
    expect(await load('out/ict')).toMatchObject({
      name: 'ModelError',
      code: 'model_wrong_kind',
      details: { found: 'ict' },
    })
  })

  /** Someone changed the weights and the digests with them: only the tower's answer can tell. */
  async function forge(name: string, edit: (bytes: Buffer) => void): Promise<void> {
    await editBytes(name, edit)
    const forged = await digest(room.at(name, data))
    await editManifest(name, (manifest) => ({
      ...manifest,
      files: { ...manifest.files, [data.slice(3)]: forged },
    }))
  }

  it.each<[string, (bytes: Buffer) => void]>([
    ['zeros', (bytes) => void bytes.fill(0, bytes.length >> 1)],
    ['noise', (bytes) => bytes.forEach((_, i) => i % 4 === 2 && (bytes[i] = (i * 167 + 13) & 255))],
    ['NaN', (bytes) => void bytes.fill(255, 8192, 16384)],
  ])('other weights (%s) with their right digests: model_self_test_failed', async (_, edit) => {
    const name = await copy()
    await forge(name, edit)
    const error = await load(name)
    expect(error).toMatchObject({
      name: 'ModelError',
      code: 'model_self_test_failed',
      details: { device: 'cpu', dtype: 'fp32' },
    })
    expect((error as Error).message).toContain('self-test')
  })

  it('digests that belong to the file, so that the forger above is a fair one', async () => {
    const name = await copy()
    await forge(name, () => {})
    expect(await load(name)).toBeUndefined()
  })

  it('a manifest of a newer version: model_newer_version', async () => {
    const name = await copy()
    await editManifest(name, (manifest) => ({ ...manifest, format: 2, library: '9.0.0' }))
    const error = await load(name)
    expect(error).toMatchObject({
      name: 'ModelError',
      code: 'model_newer_version',
      details: { format: 2, supported: 1 },
    })
    expect((error as Error).message).toContain('Update icthp')
  })

  it.each<[string, (manifest: ModelManifest) => object | string]>([
    ['no JSON', () => '{'],
    ['no object', () => 'null'],
    ['no format', ({ format: _, ...rest }) => rest],
    ['no towers', ({ towers: _, ...rest }) => rest],
    ['an unknown kind', (manifest) => ({ ...manifest, kind: 'vqa' })],
    ['no files', ({ files: _, ...rest }) => rest],
    [
      'a tower without a list of data files',
      (manifest) => ({ ...manifest, towers: { vision: { fp32: { model: 'onnx/vision_model.onnx' } } } }),
    ],
    ['a tower that is no object', (manifest) => ({ ...manifest, towers: { vision: { fp32: null } } })],
    [
      'a file without a digest',
      (manifest) => ({ ...manifest, files: { ...manifest.files, 'config.json': null } }),
    ],
    ['a file that is not listed', (manifest) => ({ ...manifest, files: {} })],
    [
      'a file outside',
      (manifest) => ({
        ...manifest,
        files: { ...manifest.files, '../secret': manifest.files['config.json'] },
      }),
    ],
    [
      'a digest that is none',
      (manifest) => ({ ...manifest, files: { ...manifest.files, 'config.json': { size: 1, sha256: 'x' } } }),
    ],
  ])('a manifest with %s: model_invalid_manifest', async (_, edit) => {
    const name = await copy()
    await editManifest(name, edit)
    expect(await load(name)).toMatchObject({ name: 'ModelError', code: 'model_invalid_manifest' })
  })
})

test('calibration on the images and prompts of the user', async () => {
  await cp(room.images[0]!, room.at('mine/a.png'))
  await cp(room.images[1]!, room.at('mine/b.png'))
  await writeFile(room.at('mine/prompts.txt'), 'one\n\ntwo\n')
  const options = {
    hp: room.at('HP'),
    base: room.at('base'),
    out: room.at('calibrated'),
    dtypes: ['int8'],
  } as const
  const { models } = await convertCheckpoints({ ...options, calibrate: room.at('mine') })
  expect(models[0]!.manifest.calibration).toMatchObject({ data: 'own' })
  // It matters: another range of activations, another model.
  const path = 'onnx/vision_model_int8.onnx_data'
  expect(models[0]!.manifest.files[path]!.sha256).not.toBe(report.models[1]!.manifest.files[path]!.sha256)
  await writeFile(room.at('mine/c.png'), 'no picture')
  await expect(convertCheckpoints({ ...options, calibrate: room.at('mine') })).rejects.toMatchObject({
    name: 'ImageError',
  })
})
