import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { ImageError, ModelError } from '../../src/base/errors.ts'
import { nodeServices } from '../../src/cli/services.ts'
import { convertCheckpoints, writeRandomCheckpoint } from '../../src/convert/index.ts'
import type { VerifyOptions, VerifyReport } from '../../src/evaluation/verify-model-node.ts'
import { type ModelManifest, sealManifest } from '../../src/models/manifest.ts'
import { cliRoom, manifestOf } from './cli-room.ts'

const room = cliRoom()

const run = { device: 'cpu', backend: 'fake', secondsPerImage: 0.4567 } as const
const same = { score: { max: 0, mean: 0 }, imageCosine: { min: 1, mean: 1 } }
const memory = (peak: number) => ({ models: ['ict', 'hp'], peak, resident: peak })
const REPORT: VerifyReport = {
  model: 'model',
  models: { ict: 'fake/ict', hp: 'fake/hp' },
  against: 'fp32',
  images: { count: 16, source: 'drawn' },
  prompts: { count: 16, source: 'drawn' },
  precisions: [
    {
      dtype: 'fp32',
      ict: { ...run, ...same, textCosine: { min: 1, mean: 1 }, secondsPerPrompt: 0.1 },
      hp: { ...run, ...same },
      ranking: { combine: 'weighted', kendallTau: { min: 1, mean: 1 }, top1: 1 },
      memory: memory(5_432_100_000),
    },
    {
      dtype: 'int8',
      ict: {
        ...run,
        score: { max: 0.00123, mean: 0.000045 },
        imageCosine: { min: 0.999996, mean: 0.999999 },
        textCosine: { min: 0.9991, mean: 0.9995 },
        secondsPerPrompt: 0.1,
      },
      hp: {
        ...run,
        score: { max: 0.0234, mean: 0.0012 },
        imageCosine: { min: 0.98765, mean: 0.99 },
        secondsPerImage: 0.1,
      },
      ranking: { combine: 'weighted', kendallTau: { min: 0.9, mean: 0.98765 }, top1: 0.9375 },
      memory: memory(1_234_000_000),
    },
  ],
  failures: [],
  recorded: ['model/ict/icthp.json'],
  notes: [],
}

/** Answers with the report, and reads the images as the real one does. */
function fakeVerify(changes: Partial<VerifyReport> = {}): VerifyOptions[] {
  const asked: VerifyOptions[] = []
  room.services.verifyModel = async (options = {}) => {
    asked.push(options)
    for (const [index, image] of (options.images ?? []).entries()) {
      await options
        .decoder!.crop(image, { size: 2 })
        .catch((error: Error) => options.onImageError!(error, index))
    }
    options.onProgress?.({ stage: 'measure', item: 'int8', loaded: 4, total: 16, unit: 'images' })
    return { ...REPORT, ...changes }
  }
  return asked
}

test('the table has a row a model; notes go to stderr', async () => {
  const asked = fakeVerify({ notes: ['hp/icthp.json is a link'] })
  const { code, stdout, stderr } = await room.run(['verify'])
  expect(stdout).toBe(
    [
      'dtype  model  max |Δ|    mean  cos img  cos txt      τ  top-1  s/image  memory',
      'fp32   ict          0       0        1        1      1  100 %    0.457  5.43 GB',
      '       hp           0       0        1                           0.457',
      'int8   ict     0.0012  4.5e-5  0.99999  0.99910  0.988   93 %    0.457  1.23 GB',
      '       hp       0.023  0.0012  0.98765                           0.100',
      '',
      'Δ: from the scores of fp32, on 16 images drawn by icthp and 16 prompts that go with drawn ones',
      'cos: the lowest cosine of an embedding to that one; memory: of the process, at most',
      'τ (Kendall, mean) and top-1: of the order by weighted scores',
      '',
    ].join('\n'),
  )
  expect(stderr).toBe('note: hp/icthp.json is a link\nnote: written into model/ict/icthp.json\n')
  expect(code).toBe(0)
  expect(asked).toMatchObject([{ model: 'model', record: true }])
  for (const absent of ['images', 'prompts']) expect(asked[0]).not.toHaveProperty(absent)
  expect(room.log).toEqual(['dispose decoder'])
})

test('progress is shown on a terminal', async () => {
  fakeVerify()
  const { stderr } = await room.run(['verify', '-q'])
  expect(stderr).toBe('')
  expect((await room.run(['verify'], { stderrColumns: 80 })).stderr).toContain(
    'measuring int8  █████░░░░░░░░░░░░░░░ 4 of 16 images',
  )
})

test('--json is the report; options, images and prompts reach it', async () => {
  const asked = fakeVerify()
  await room.write({ 'a.png': '1', 'pics/b.png': '2', 'prompts.txt': 'two\n\nthree\n' })
  const flags =
    '--against q8 --dtype int8,q4 -d cpu --batch-size 3 --threads 2 --max-pixels 900 --revision v2 --no-record --json'
  const args = [
    'verify',
    'a.png',
    'pics',
    '-p',
    'one',
    '--prompts-file',
    'prompts.txt',
    '--model',
    'owner/name',
    ...flags.split(' '),
  ]
  const { code, stdout, stderr } = await room.run(args)
  expect([code, JSON.parse(stdout), stderr]).toEqual([0, REPORT, 'note: written into model/ict/icthp.json\n'])
  expect(asked).toMatchObject([
    {
      model: 'owner/name',
      images: [join(room.folder, 'a.png'), join(room.folder, 'pics/b.png')],
      prompts: ['one', 'two', 'three'],
      against: 'q8',
      dtypes: ['int8', 'q4'],
      device: 'cpu',
      batchSize: 3,
      threads: 2,
      maxPixels: 900,
      revision: 'v2',
      record: false,
    },
  ])
})

test('images that cannot be read are named, and the exit code is 3', async () => {
  fakeVerify()
  await room.write({ 'good.png': '1', 'bad.png': 'x' })
  const { code, stdout, stderr } = await room.run([
    'verify',
    'good.png',
    'bad.png',
    'gone.png',
    '--json',
    '-q',
  ])
  const errors = [
    { image: 'gone.png', code: 'image_not_found', message: 'There is no image gone.png. Check the path.' },
    {
      image: 'bad.png',
      code: 'image_unreadable',
      message: 'The PNG file cannot be decoded: it is not a number.',
    },
  ]
  expect([code, JSON.parse(stdout)]).toEqual([3, { ...REPORT, errors }])
  expect(stderr).toBe(
    'warning: There is no image gone.png. Check the path. (image_not_found)\n' +
      'warning: bad.png: The PNG file cannot be decoded: it is not a number. (image_unreadable)\n',
  )
})

test('a precision that failed is told, and the exit code is 1', async () => {
  fakeVerify({
    failures: [{ dtype: 'q4', code: 'model_self_test_failed', message: 'q4 computes nonsense.' }],
  })
  await room.write({ 'bad.png': 'x' })
  const { code, stdout, stderr } = await room.run(['verify', 'bad.png', '-q'])
  expect(code).toBe(1)
  expect(stdout).toContain('int8   ict')
  expect(stderr).toContain('error: q4: q4 computes nonsense. (model_self_test_failed)\n')
})

test('what stops it is exit code 1, and the decoder is freed', async () => {
  room.services.verifyModel = async () => {
    throw new ModelError('model_dtype_unavailable', 'There is nothing to compare with.')
  }
  const { code, stdout, stderr } = await room.run(['verify'])
  expect([code, stdout, stderr]).toEqual([
    1,
    '',
    'error: There is nothing to compare with. (model_dtype_unavailable)\n',
  ])
  expect(room.log).toEqual(['dispose decoder'])
})

test("an error that is not the image's is not taken for one", async () => {
  room.services.verifyModel = async ({ onImageError } = {}) => {
    expect(() => onImageError!(new TypeError('a fault'), 0)).toThrow('a fault')
    expect(() => onImageError!(new ImageError('image_empty', 'It is empty.'), 0)).not.toThrow()
    return REPORT
  }
  await room.write({ 'a.png': '1' })
  expect((await room.run(['verify', 'a.png'])).code).toBe(3)
})

test.each([
  [
    ['--against', 'fp7'],
    "option '--against <name>' argument 'fp7' is invalid. Allowed choices are fp32, fp16, int8, q8, q4, q4f16.",
  ],
  [
    ['--dtype', 'int8,fp7'],
    "option '--dtype <list>' argument 'int8,fp7' is invalid. There is no dtype \"fp7\". Give one or more of fp32,fp16,int8,q8,q4,q4f16.",
  ],
  [['gone.png'], 'There is no image gone.png. Check the path.'],
])('%j is wrong usage', async (flags, message) => {
  const asked = fakeVerify()
  expect(await room.run(['verify', ...flags])).toEqual({
    code: 2,
    stdout: '',
    stderr: `error: ${message}\nRun \`icthp verify --help\` for what it takes.\n`,
  })
  expect(asked).toEqual([])
})

describe('info', () => {
  const measured = (kind: 'ict' | 'hp') => {
    const { [kind]: model, ranking, memory: used } = REPORT.precisions[1]!
    return {
      against: 'fp32',
      ...model!,
      ranking,
      memory: used,
      images: REPORT.images,
      library: '0.1.0',
      date: '2026-01-01T00:00:00Z',
    }
  }
  const serve = (extra: (kind: 'ict' | 'hp') => object): void => {
    room.services.hub = async () => ({
      open: async (source) => ({
        source,
        readText: async (path) => {
          const kind = /^(ict|hp)\/icthp\.json$/.exec(path)?.[1] as 'ict' | 'hp' | undefined
          return (
            kind &&
            JSON.stringify(
              sealManifest({ ...manifestOf(kind, ['fp32', 'int8']), ...extra(kind) } as ModelManifest),
            )
          )
        },
        file: async (path) => ({ path }),
      }),
    })
  }

  test('tells what was measured of the precision that runs', async () => {
    serve((kind) => ({ measured: { int8: measured(kind) } }))
    const lines = (await room.run(['info'])).stdout.split('\n')
    expect(lines).toContain(
      '       measured on 16 drawn images against fp32: scores off by 0.0012 at most, 4.5e-5 on average; ' +
        'cosine of images 0.99999, of texts 0.99910 or more; τ 0.988; 0.457 s an image on cpu',
    )
    expect(lines).toContain(
      '       measured on 16 drawn images against fp32: scores off by 0.023 at most, 0.0012 on average; ' +
        'cosine of images 0.98765 or more; τ 0.988; 0.100 s an image on cpu',
    )
    const { model } = JSON.parse((await room.run(['info', '--json'])).stdout) as {
      model: Record<string, { measured: unknown }>
    }
    expect([model['ict']!.measured, model['hp']!.measured]).toEqual([measured('ict'), measured('hp')])
  })

  test('says nothing of a precision that was not measured, or of results that are damaged', async () => {
    serve(() => ({ measured: { int8: measured('hp') } }))
    expect((await room.run(['info', '--dtype', 'fp32'])).stdout).not.toContain('measured')
    serve(() => ({ measured: { int8: { against: 'fp32' } } }))
    expect((await room.run(['info'])).stdout).not.toContain('measured')
  })
})

test('the real thing: a small random model, one picture', async () => {
  Object.assign(room.services, nodeServices)
  const folder = await mkdtemp(join(tmpdir(), 'icthp-cli-verify-'))
  try {
    await writeRandomCheckpoint(folder)
    const model = join(folder, 'out')
    await convertCheckpoints({ hp: join(folder, 'HP'), out: model, dtypes: ['fp32', 'fp16'] })
    const { code, stdout } = await room.run(['verify', '-m', model, '-d', 'cpu', '--json', '-q'])
    const { precisions, recorded } = JSON.parse(stdout) as VerifyReport
    expect([code, precisions.map(({ dtype }) => dtype), recorded]).toEqual([
      0,
      ['fp32', 'fp16'],
      [join(model, 'hp/icthp.json')],
    ])
    const info = await room.run(['info', '-m', model, '-d', 'cpu', '--dtype', 'fp16'])
    expect(info.stdout).toMatch(/\n {7}measured on 16 drawn images against fp32: scores off by \S+ at most/)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
})
