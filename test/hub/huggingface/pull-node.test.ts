import { mkdir, readFile, rm, symlink, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeEach, expect, test } from 'vitest'
import type { Progress } from '../../../src/base/progress.ts'
import { pullFiles, type PullPlan } from '../../../src/hub/huggingface/pull-node.ts'
import { pullOfficial } from '../../../src/models/pull-official-node.ts'
import { sha256 } from '../../sha256.ts'
import { noise } from '../fake-hub.ts'
import { failure, hubRoom } from '../hub-room.ts'

const room = hubRoom()
const ictWeights = noise(400_000, 1)
const backbone = noise(300_000, 2)
const head = noise(5_000, 3)
const base = 'laion/CLIP-ViT-H-14-laion2B-s32B-b79K'
let commits: { ict: string; hp: string; base: string }

beforeEach(() => {
  commits = {
    ict: room.hub.add('8y/ICT', { 'pytorch_model.bin': ictWeights, 'README.md': 'x' }),
    hp: room.hub.add('8y/HP', {
      'hp_backbone/pytorch_model.bin': backbone,
      'hp_scorer/mlp_pytorch_model.bin': head,
    }),
    base: room.hub.add(base, { 'config.json': '{"model_type":"clip"}', 'pytorch_model.bin': noise(2000) }),
  }
})

const TOTAL = 400_000 + 300_000 + 5_000 + 21
const sent = (): number => room.hub.served.reduce((sum, { bytes }) => sum + bytes, 0)

test('pulls the official files, plan first, and says where they are', async () => {
  const plans: PullPlan[] = []
  const seen: Progress[] = []
  let sentBeforePlan = -1
  const pulled = await pullOfficial({
    ...room.options,
    onProgress: (progress) => seen.push(progress),
    onPlan: (plan) => {
      plans.push(plan)
      sentBeforePlan = room.hub.served.filter(
        ({ method, path }) => method === 'GET' && !path.startsWith('/api'),
      ).length
    },
  })
  expect(sentBeforePlan).toBe(0)
  expect(plans).toEqual([
    {
      cacheDir: room.options.cacheDir,
      total: TOTAL,
      present: 0,
      files: [
        { repository: base, revision: commits.base, path: 'config.json', size: 21, present: 0 },
        {
          repository: '8y/HP',
          revision: commits.hp,
          path: 'hp_backbone/pytorch_model.bin',
          size: 300_000,
          present: 0,
        },
        {
          repository: '8y/HP',
          revision: commits.hp,
          path: 'hp_scorer/mlp_pytorch_model.bin',
          size: 5_000,
          present: 0,
        },
        { repository: '8y/ICT', revision: commits.ict, path: 'pytorch_model.bin', size: 400_000, present: 0 },
      ],
    },
  ])
  for (const name of ['ict', 'hp', 'base'] as const) expect(pulled[name].revision).toBe(commits[name])
  expect(sha256(await readFile(join(pulled.ict.path, 'pytorch_model.bin')))).toBe(sha256(ictWeights))
  expect(sha256(await readFile(join(pulled.hp.path, 'hp_backbone', 'pytorch_model.bin')))).toBe(
    sha256(backbone),
  )
  expect(sha256(await readFile(join(pulled.hp.path, 'hp_scorer', 'mlp_pytorch_model.bin')))).toBe(
    sha256(head),
  )
  expect([pulled.ict.sha256, pulled.hp.sha256, pulled.base.sha256]).toEqual([
    { 'pytorch_model.bin': sha256(ictWeights) },
    { 'hp_backbone/pytorch_model.bin': sha256(backbone), 'hp_scorer/mlp_pytorch_model.bin': sha256(head) },
    // The hub tells it of large files only.
    {},
  ])
  expect(await readFile(join(pulled.base.path, 'config.json'), 'utf8')).toBe('{"model_type":"clip"}')
  expect(sent()).toBe(TOTAL)
  expect(seen.every(({ total, stage }) => stage === 'download' && total === TOTAL)).toBe(true)
  expect(seen.map(({ loaded }) => loaded)).toEqual(seen.map(({ loaded }) => loaded).sort((a, b) => a - b))
  expect(seen.at(-1)).toEqual({
    stage: 'download',
    item: '8y/ICT/pytorch_model.bin',
    loaded: TOTAL,
    total: TOTAL,
    unit: 'bytes',
  })
})

test('a pull that is stopped goes on', async () => {
  room.hub.trouble(sha256(ictWeights), { slow: 25 })
  const controller = new AbortController()
  const onProgress = ({ item, loaded }: Progress): void => {
    if (item === '8y/ICT/pytorch_model.bin' && loaded > TOTAL - 300_000) controller.abort()
  }
  const stopped = pullOfficial({ ...room.options, signal: controller.signal, onProgress })
  await expect(stopped).rejects.toMatchObject({ name: 'AbortError' })
  const before = sent()
  expect(before).toBeLessThan(TOTAL)
  const plans: PullPlan[] = []
  await pullOfficial({ ...room.options, onPlan: (plan) => void plans.push(plan) })
  const { present, files } = plans[0]!
  expect(present).toBeGreaterThan(TOTAL - 300_000)
  expect(present).toBeLessThan(TOTAL)
  expect(files.slice(0, 3).every((file) => file.present === file.size)).toBe(true)
  expect(room.hub.rangesOf(ictWeights)).toEqual([undefined, `bytes=${files[3]!.present}-`])
  expect(room.hub.rangesOf(backbone).length).toBe(1)
})

test('what is cached is checked and not fetched, offline too', async () => {
  await pullOfficial(room.options)
  room.hub.served.length = 0
  const stages = new Set<string>()
  const seen: Progress[] = []
  const onProgress = (progress: Progress): void => {
    stages.add(progress.stage)
    seen.push(progress)
  }
  const online = await pullOfficial({ ...room.options, onProgress })
  expect(room.hub.served.map(({ path }) => path).every((path) => path.startsWith('/api/'))).toBe(true)
  expect([...stages].sort()).toEqual(['download', 'verify'])
  expect(seen.at(-1)).toMatchObject({ stage: 'download', loaded: TOTAL, total: TOTAL })
  room.hub.served.length = 0
  expect(await pullOfficial({ ...room.options, offline: true })).toEqual(online)
  expect(room.hub.served).toEqual([])
})

test("what Python has placed is used; a blob without a link is linked; Python's damaged file is named", async () => {
  const home = join(room.options.cacheDir, 'models--8y--ICT')
  await mkdir(join(home, 'blobs'), { recursive: true })
  const blob = join(home, 'blobs', sha256(ictWeights))
  await writeFile(blob, ictWeights)
  await pullFiles([{ repository: '8y/ICT', files: ['pytorch_model.bin'] }], room.options)
  expect(room.hub.bytesOf(ictWeights)).toBe(0)
  const wrong = Buffer.from(ictWeights)
  wrong[1]! ^= 1
  await writeFile(blob, wrong)
  const again = pullFiles([{ repository: '8y/ICT', files: ['pytorch_model.bin'] }], room.options)
  const error = await failure(again, 'download_sha256_mismatch')
  expect(error.message).toContain(`Delete ${blob}`)
  const hp = join(room.options.cacheDir, 'models--8y--HP')
  await mkdir(join(hp, 'blobs'), { recursive: true })
  await mkdir(join(hp, 'snapshots', commits.hp, 'hp_scorer'), { recursive: true })
  await writeFile(join(hp, 'blobs', sha256(head)), head)
  const link = join(hp, 'snapshots', commits.hp, 'hp_scorer', 'mlp_pytorch_model.bin')
  await symlink(join('..', '..', '..', 'blobs', sha256(head)), link)
  await pullFiles([{ repository: '8y/HP', files: ['hp_scorer/mlp_pytorch_model.bin'] }], room.options)
  expect(room.hub.bytesOf(head)).toBe(0)
})

test('a blob that is cut short is fetched again', async () => {
  const home = join(room.options.cacheDir, 'models--8y--ICT')
  await mkdir(join(home, 'blobs'), { recursive: true })
  const blob = join(home, 'blobs', sha256(ictWeights))
  await writeFile(blob, ictWeights)
  await truncate(blob, 10)
  await pullFiles([{ repository: '8y/ICT', files: ['pytorch_model.bin'] }], room.options)
  expect(sha256(await readFile(blob))).toBe(sha256(ictWeights))
})

test('onPlan may stop it', async () => {
  const reason = new Error('too much')
  const onPlan = (): never => {
    throw reason
  }
  await expect(pullOfficial({ ...room.options, onPlan })).rejects.toBe(reason)
  expect(sent()).toBe(0)
})

test('a revision that is not there, a file that is not there', async () => {
  const error = await failure(
    pullOfficial({ ...room.options, revisions: { ict: 'v2' } }),
    'download_not_found',
  )
  expect(error.details).toMatchObject({ repository: '8y/ICT', missing: 'revision' })
  const pulling = pullFiles([{ repository: '8y/ICT', files: ['model.safetensors'] }], room.options)
  const missing = await failure(pulling, 'download_not_found')
  expect(missing.details['missing']).toBe('file')
})

test('a cache without links whose file is damaged heals: from its blob, else from the hub', async () => {
  const request = [{ repository: '8y/ICT', files: ['pytorch_model.bin'] }]
  const [pulled] = await pullFiles(request, room.options)
  const at = join(pulled!.path, 'pytorch_model.bin')
  const blob = join(room.options.cacheDir, 'models--8y--ICT', 'blobs', sha256(ictWeights))
  const wrong = Buffer.from(ictWeights)
  wrong[1]! ^= 1
  // As on a disk without links: a copy, and both of the same size as what is right.
  await rm(at)
  await writeFile(at, wrong)
  await pullFiles(request, room.options)
  expect(sha256(await readFile(at))).toBe(sha256(ictWeights))
  expect(room.hub.rangesOf(ictWeights).length).toBe(1)
  await rm(at)
  await writeFile(at, wrong)
  await writeFile(blob, wrong)
  await pullFiles(request, room.options)
  expect(sha256(await readFile(at))).toBe(sha256(ictWeights))
  expect(sha256(await readFile(blob))).toBe(sha256(ictWeights))
  expect(room.hub.rangesOf(ictWeights).length).toBe(2)
})
