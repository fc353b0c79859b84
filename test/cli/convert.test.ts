import { join } from 'node:path'
import { expect, test } from 'vitest'
import { CheckpointError } from '../../src/base/errors.ts'
import { nodeServices } from '../../src/cli/services.ts'
import type { ConvertOptions } from '../../src/convert/index.ts'
import { DTYPES } from '../../src/models/manifest.ts'
import { cliRoom, manifestOf } from './cli-room.ts'

const room = cliRoom()

function fakeConversion(): ConvertOptions[] {
  const asked: ConvertOptions[] = []
  room.services.convertCheckpoints = async (options) => {
    asked.push(options)
    options.onProgress?.({ stage: 'write', item: 'ict vision', loaded: 5, total: 10, unit: 'bytes' })
    const kinds = (['ict', 'hp'] as const).filter((kind) => options[kind])
    return {
      out: options.out,
      models: kinds.map((kind) => ({
        kind,
        folder: join(options.out, kind),
        manifest: manifestOf(kind, options.dtypes ?? ['fp32']),
        fromBase: kind === 'ict' ? ['logit_scale'] : [],
        notes: kind === 'ict' ? ['1 weights come from the base model'] : [],
      })),
    }
  }
  return asked
}

test('paths are taken from the working folder, and --json reports what was written', async () => {
  const asked = fakeConversion()
  const { code, stdout, stderr } = await room.run([
    'convert',
    '--ict',
    'ICT',
    '--hp',
    './HP',
    '--base',
    '/base',
    '--out',
    'out',
    '--dtype',
    'fp32, fp16',
    '--calibrate',
    'renders',
    '--json',
  ])
  const at = (name: string): string => join(room.folder, name)
  expect(asked).toMatchObject([
    {
      ict: at('ICT'),
      hp: at('HP'),
      base: '/base',
      out: at('out'),
      dtypes: ['fp32', 'fp16'],
      calibrate: at('renders'),
    },
  ])
  const dtypes = (bytes: number) => ['fp32', 'fp16'].map((dtype) => ({ dtype, bytes }))
  expect(JSON.parse(stdout)).toEqual({
    out: at('out'),
    models: [
      {
        kind: 'ict',
        name: 'fake/ict',
        folder: at('out/ict'),
        dtypes: dtypes(3_000_000),
        fromBase: ['logit_scale'],
        notes: ['1 weights come from the base model'],
      },
      {
        kind: 'hp',
        name: 'fake/hp',
        folder: at('out/hp'),
        dtypes: dtypes(1_500_000),
        fromBase: [],
        notes: [],
      },
    ],
  })
  expect([code, stderr]).toEqual([0, 'note: ICT: 1 weights come from the base model\n'])
})

test('the table lists each model and precision; progress is shown on a terminal', async () => {
  fakeConversion()
  const { stdout, stderr } = await room.run(['convert', '--hp', 'HP', '-o', 'out'], { stderrColumns: 80 })
  expect(stdout).toBe(
    `model  name     dtype     size  folder\nhp     fake/hp  fp32   1.50 MB  ${join(room.folder, 'out/hp')}\n`,
  )
  expect(stderr).toBe('\r\x1b[2Kwriting ict vision  ██████████░░░░░░░░░░ 5 B of 10 B\r\x1b[2K')
})

test('an error of the conversion is exit code 1', async () => {
  room.services.convertCheckpoints = async () => {
    throw new CheckpointError('checkpoint_not_found', 'There is no checkpoint in ICT.')
  }
  expect(await room.run(['convert', '--ict', 'ICT', '--out', 'out'])).toEqual({
    code: 1,
    stdout: '',
    stderr: 'error: There is no checkpoint in ICT. (checkpoint_not_found)\n',
  })
})

test('without --calibrate the set that comes with icthp is used', async () => {
  const asked = fakeConversion()
  await room.run(['convert', '--hp', 'HP', '--out', 'out', '--dtype', 'int8'])
  expect(asked[0]!.calibrate).toBeUndefined()
})

test('--calibrate where nothing is calibrated is wrong usage', async () => {
  room.services.convertCheckpoints = nodeServices.convertCheckpoints
  const { code, stderr } = await room.run(['convert', '--hp', 'HP', '--out', 'out', '--calibrate', 'renders'])
  expect([code, stderr.split('\n')[0]]).toEqual([
    2,
    'error: calibrate is for int8, q8, q4, q4f16: name one of them (--dtype), or leave it out. (input_invalid_option)',
  ])
})

test('--dtype tells what there is', async () => {
  for (const command of ['convert', 'pull']) {
    expect((await room.run([command, '--help'])).stdout).toContain(`one or more of ${DTYPES.join(',')}`)
  }
})

test.each([
  [['--out', 'out'], 'There is nothing to convert: give --ict DIR, --hp DIR, or both.'],
  [['--ict', 'ICT'], "required option '-o, --out <dir>' not specified"],
  [
    ['--ict', 'ICT', '--out', 'o', '--dtype', 'fp32,fp7'],
    "option '--dtype <list>' argument 'fp32,fp7' is invalid. " +
      'There is no dtype "fp7". Give one or more of fp32,fp16,int8,q8,q4,q4f16.',
  ],
])('%j is wrong usage', async (flags, message) => {
  const asked = fakeConversion()
  expect(await room.run(['convert', ...flags])).toEqual({
    code: 2,
    stdout: '',
    stderr: `error: ${message}\nRun \`icthp convert --help\` for what it takes.\n`,
  })
  expect(asked).toEqual([])
})
