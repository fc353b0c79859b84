import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { DownloadError } from '../../src/base/errors.ts'
import { VERSION } from '../../src/base/version.ts'
import type { ConvertOptions } from '../../src/convert/index.ts'
import type { PullPlan } from '../../src/hub/huggingface/pull-node.ts'
import { sealManifest } from '../../src/models/manifest.ts'
import { cliRoom, manifestOf } from './cli-room.ts'

const room = cliRoom()
const file = (repository: string, path: string, size: number, present: number) => ({
  repository,
  revision: 'c0',
  path,
  size,
  present,
})
const PLAN: PullPlan = {
  cacheDir: '/hf/hub',
  total: 8.0e9,
  present: 1.5e9,
  files: [
    file('base', 'config.json', 5000, 5000),
    file('8y/HP', 'hp_backbone/pytorch_model.bin', 4e9, 1.5e9),
    file('8y/ICT', 'pytorch_model.bin', 4e9, 0),
  ],
}
const LINES = [
  'file                                   size  here',
  'base/config.json                    5.00 kB  yes',
  '8y/HP/hp_backbone/pytorch_model.bin  4.00 GB  1.50 GB',
  '8y/ICT/pytorch_model.bin             4.00 GB  no',
]

/** What was fetched and converted. */
function fakes(): { fetched: number; converted: ConvertOptions[] } {
  const seen = { fetched: 0, converted: [] as ConvertOptions[] }
  room.services.pullOfficial = async ({ onPlan } = {}) => {
    await onPlan?.(PLAN)
    seen.fetched++
    const pulled = (repository: string) => ({
      repository,
      revision: 'c0',
      path: `/hf/hub/${repository}`,
      sha256: { a: repository },
    })
    return { ict: pulled('8y/ICT'), hp: pulled('8y/HP'), base: pulled('base') }
  }
  room.services.convertCheckpoints = async (options) => {
    seen.converted.push(options)
    const kinds = (['ict', 'hp'] as const).filter((kind) => options[kind])
    return {
      out: options.out,
      models: kinds.map((kind) => ({
        kind,
        folder: join(options.out, kind),
        manifest: manifestOf(kind),
        fromBase: [],
        notes: [],
      })),
    }
  }
  return seen
}

test('--dry-run shows the plan and fetches nothing', async () => {
  const seen = fakes()
  const { code, stdout, stderr } = await room.run([
    'pull',
    '--dry-run',
    '--out',
    'out',
    '--dtype',
    'fp32,fp16',
  ])
  expect(stdout.split('\n').map((line) => line.replace(/ +/g, ' '))).toEqual([
    ...LINES.map((line) => line.replace(/ +/g, ' ')),
    '',
    'download 6.50 GB of 8.00 GB, into /hf/hub',
    `convert to fp32, fp16, about 9.85 GB, into ${join(room.folder, 'out')}`,
    '',
  ])
  expect([code, stderr]).toEqual([0, ''])
  expect(seen).toEqual({ fetched: 0, converted: [] })
})

test('--dry-run --json is the plan as data', async () => {
  fakes()
  const { stdout } = await room.run(['pull', '--dry-run', '--json'], { env: { ICTHP_MODEL: '/models' } })
  expect(JSON.parse(stdout)).toEqual({
    ...PLAN,
    toDownload: 6.5e9,
    out: '/models',
    dtypes: ['fp32'],
    convertedBytes: 6_563_894_523,
  })
})

test('the plan is told on stderr, then everything is fetched and converted, with its origin', async () => {
  const seen = fakes()
  const { code, stdout, stderr } = await room.run(['pull', '--out', 'out'])
  const out = join(room.folder, 'out')
  expect(stderr).toContain('8y/ICT/pytorch_model.bin')
  expect(stderr).toContain('download   6.50 GB of 8.00 GB, into /hf/hub\n')
  expect(seen.fetched).toBe(1)
  expect(seen.converted).toMatchObject([
    {
      ict: '/hf/hub/8y/ICT',
      hp: '/hf/hub/8y/HP',
      base: '/hf/hub/base',
      out,
      dtypes: ['fp32'],
      origins: {
        ict: { repository: '8y/ICT', revision: 'c0', license: 'MIT', sha256: { a: '8y/ICT' } },
        hp: { repository: '8y/HP', revision: 'c0', license: 'MIT', sha256: { a: '8y/HP' } },
      },
    },
  ])
  expect(stdout).toContain(`ict    fake/ict  fp32   3.00 MB  ${join(out, 'ict')}\n`)
  expect(stdout.endsWith(`The model is in ${out}\n`)).toBe(true)
  expect(code).toBe(0)
  const quiet = await room.run(['pull', '--out', 'out', '-q', '--json'])
  expect(quiet.stderr).toBe('')
  expect(JSON.parse(quiet.stdout)).toMatchObject({
    plan: { total: 8e9 },
    out,
    models: [{ kind: 'ict' }, { kind: 'hp' }],
  })
})

test('what is converted from the same commit is left alone, unless --force', async () => {
  const seen = fakes()
  const { source, ...manifest } = manifestOf('ict')
  await mkdir(join(room.folder, 'out/ict'), { recursive: true })
  await writeFile(
    join(room.folder, 'out/ict/icthp.json'),
    JSON.stringify(
      sealManifest({
        ...manifest,
        library: VERSION,
        source: { ...source, repository: '8y/ICT', revision: 'c0' },
      }),
    ),
  )
  const { stderr } = await room.run(['pull', '--out', 'out'])
  expect(stderr).toContain(
    'note: ICT is converted already, from the same commit; --force converts it again\n',
  )
  await room.run(['pull', '--out', 'out', '--force'])
  await room.run(['pull', '--out', 'out', '--dtype', 'fp16'])
  expect(seen.converted.map(({ ict, hp }) => [Boolean(ict), Boolean(hp)])).toEqual([
    [false, true],
    [true, true],
    [true, true],
  ])
})

test('a failed download is exit code 1, and nothing is converted', async () => {
  const seen = fakes()
  room.services.pullOfficial = async () => {
    throw new DownloadError('download_offline', 'HF_HUB_OFFLINE is set.')
  }
  expect(await room.run(['pull', '--out', 'out'])).toEqual({
    code: 1,
    stdout: '',
    stderr: 'error: HF_HUB_OFFLINE is set. (download_offline)\n',
  })
  expect(seen.converted).toEqual([])
})

test('a default model that is an address cannot be written to', async () => {
  fakes()
  const { code, stderr } = await room.run(['pull'], { env: { ICTHP_MODEL: 'https://example.org/model' } })
  expect([code, stderr]).toEqual([
    2,
    'error: https://example.org/model is an address, and the model is written to a folder. Add --out DIR.\n' +
      'Run `icthp pull --help` for what it takes.\n',
  ])
})

test('--revision goes to ICT and HP, or to the one that is named', async () => {
  const asked: unknown[] = []
  fakes()
  const { pullOfficial } = room.services
  room.services.pullOfficial = (options) => {
    asked.push(options?.revisions)
    return pullOfficial(options)
  }
  const pull = (...args: string[]) => room.run(['pull', '--dry-run', ...args])
  for (const text of ['v1', 'ict=v1,hp=refs/pr/2', 'base=abc, v2'])
    expect((await pull('--revision', text)).code).toBe(0)
  await pull()
  expect(asked).toEqual([
    { ict: 'v1', hp: 'v1' },
    { ict: 'v1', hp: 'refs/pr/2' },
    { base: 'abc', ict: 'v2', hp: 'v2' },
    undefined,
  ])
  for (const text of ['', 'ict=', 'clip=v1']) {
    const { code, stderr } = await pull('--revision', text)
    expect(code).toBe(2)
    expect(stderr).toContain('--revision')
  }
})

test('a disk without room for the model is said before anything is fetched', async () => {
  const seen = fakes()
  const { pullOfficial } = room.services
  room.services.pullOfficial = (options) =>
    pullOfficial({
      ...options,
      onPlan: (plan) =>
        options?.onPlan?.({
          ...plan,
          files: plan.files.map((entry) => ({ ...entry, size: entry.size * 1e6 })),
        }),
    })
  const { code, stderr } = await room.run(['pull', '--out', 'out'])
  expect(code).not.toBe(0)
  expect(stderr).toContain('Make room, or choose another place')
  expect(seen).toEqual({ fetched: 0, converted: [] })
})

test('a place that is taken is said before anything is fetched', async () => {
  const seen = fakes()
  await mkdir(join(room.folder, 'out/ict'), { recursive: true })
  await writeFile(join(room.folder, 'out/ict/thesis.tex'), 'mine')
  const { code, stderr } = await room.run(['pull', '--out', 'out'])
  expect([code, seen.fetched, seen.converted]).toEqual([1, 0, []])
  expect(stderr).toContain('thesis.tex')
})
