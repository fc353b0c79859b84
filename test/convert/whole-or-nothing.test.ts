import { spawn } from 'node:child_process'
import { readFile, rename, writeFile } from 'node:fs/promises'
import { beforeAll, describe, expect, it, test } from 'vitest'
import { convertCheckpoints, type ConvertOptions } from '../../src/convert/index.ts'
import { HpScorer } from '../../src/node.ts'
import { checkpointRoom, furthest } from './checkpoint-room.ts'

const room = checkpointRoom()
const built = new URL('../../node_modules/.cache/icthp-workers/convert.js', import.meta.url).href
let options: ConvertOptions

beforeAll(() => {
  options = { hp: room.at('HP'), base: room.at('base'), out: room.at('out') }
})

/** Converts in a process that kills itself when this share is written; resolves to the signal that ended it, if any. */
async function convertKilledAt(share: number, out: string): Promise<string | null> {
  await writeFile(
    room.at('convert.mjs'),
    `import { convertCheckpoints } from ${JSON.stringify(built)}
const onProgress = ({ stage, loaded, total }) => {
  if (stage === 'write' && loaded >= ${share} * total) process.kill(process.pid, 'SIGKILL')
}
await convertCheckpoints({ ...${JSON.stringify({ ...options, out })}, dtypes: ['fp32', 'fp16'], onProgress })`,
  )
  const child = spawn(process.execPath, [room.at('convert.mjs')], { stdio: 'ignore' })
  return new Promise((resolve) => child.on('close', (_, signal) => resolve(signal)))
}

async function expectScores(out: string): Promise<void> {
  await using hp = await HpScorer.fromPretrained(out, { device: 'cpu', dtype: 'fp32' })
  expect(furthest(await hp.score(room.images), room.reference.hp)).toBeLessThan(2e-5)
}

describe('a conversion that is killed', () => {
  it.each([0, 0.5, 1])(
    'when %d of it is written leaves nothing that loads; the next starts clean',
    async (share) => {
      const name = `killed-${share}`
      const out = room.at(name)
      expect(await convertKilledAt(share, out)).toBe('SIGKILL')
      const left = await room.list(name)
      expect(left.length).toBeGreaterThan(0)
      expect(left.filter((path) => !/^(\.hp\.icthp-partial[/\\]|\.hp\.icthp\.lock$)/.test(path))).toEqual([])
      expect(left.filter((path) => path.endsWith('icthp.json'))).toEqual([])
      await expect(HpScorer.fromPretrained(out, { device: 'cpu' })).rejects.toMatchObject({
        code: 'model_not_found',
      })
      await convertCheckpoints({ ...options, out })
      expect((await room.list(name)).filter((path) => !path.startsWith('hp/'))).toEqual([])
      await expectScores(out)
    },
  )

  it('leaves the model that was there before', async () => {
    const out = room.at('replaced')
    await convertCheckpoints({ ...options, out })
    const before = await readFile(room.at('replaced/hp/icthp.json'), 'utf8')
    expect(await convertKilledAt(0.5, out)).toBe('SIGKILL')
    expect(await readFile(room.at('replaced/hp/icthp.json'), 'utf8')).toBe(before)
    await expectScores(out)
    const { models } = await convertCheckpoints({ ...options, out, dtypes: ['fp16'] })
    const files = Object.keys(models[0]!.manifest.files)
    expect(await room.list('replaced')).toEqual([...files, 'icthp.json'].map((path) => `hp/${path}`).sort())
  })
})

test('an aborted conversion throws the reason and leaves nothing', async () => {
  const reason = new Error('enough')
  for (const stopAt of [0, 1, 20]) {
    const controller = new AbortController()
    if (stopAt === 0) controller.abort(reason)
    let weights = 0
    const onProgress = ({ stage }: { stage: string }): void =>
      void (stage === 'write' && ++weights === stopAt && controller.abort(reason))
    const converting = convertCheckpoints({
      ...options,
      out: room.at('aborted'),
      signal: controller.signal,
      onProgress,
    })
    await expect(converting).rejects.toBe(reason)
    expect(await room.list('aborted')).toEqual([])
  }
})

test('a conversion that fails leaves the model that was there before, and nothing else', async () => {
  const out = room.at('kept')
  await convertCheckpoints({ ...options, out })
  const before = await room.list('kept')
  const controller = new AbortController()
  const onProgress = (): void => controller.abort()
  await expect(
    convertCheckpoints({ ...options, out, signal: controller.signal, onProgress }),
  ).rejects.toThrow()
  expect(await room.list('kept')).toEqual(before)
  await expectScores(out)
})

test('the model that a run had moved aside when it was killed comes back, should the next run fail', async () => {
  const out = room.at('aside')
  await convertCheckpoints({ ...options, out })
  await rename(room.at('aside/hp'), room.at('aside/.hp.icthp-old'))
  await expect(
    convertCheckpoints({
      ...options,
      out,
      onProgress: () => {
        throw new Error('enough')
      },
    }),
  ).rejects.toThrow('enough')
  await expectScores(out)
})

describe('of two models', () => {
  it('both are checked before anything is written', async () => {
    const both = { ...options, ict: room.at('ICT'), hp: room.at('ICT'), out: room.at('checked') }
    await expect(convertCheckpoints(both)).rejects.toMatchObject({ name: 'CheckpointError' })
    expect(await room.list('checked').catch(() => [])).toEqual([])
  })

  it('one is finished though the other fails; an abort leaves nothing half done', async () => {
    const both = { ...options, ict: room.at('ICT') }
    const reason = new Error('enough')
    const failing = (item: string): void => {
      if (item === 'HP vision') throw reason
    }
    await expect(
      convertCheckpoints({ ...both, out: room.at('one'), onProgress: ({ item }) => failing(item) }),
    ).rejects.toBe(reason)
    const left = await room.list('one')
    expect(left).toContain('ict/icthp.json')
    expect(left.filter((path) => !path.startsWith('ict/'))).toEqual([])
    const controller = new AbortController()
    const aborting = ({ item }: { item: string }): void => {
      if (item === 'HP vision') controller.abort(reason)
    }
    await expect(
      convertCheckpoints({ ...both, out: room.at('none'), signal: controller.signal, onProgress: aborting }),
    ).rejects.toBe(reason)
    expect((await room.list('none')).filter((path) => !path.startsWith('ict/'))).toEqual([])
  })
})
