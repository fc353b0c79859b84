import type * as fs from 'node:fs/promises'
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { filesIn } from '../../../src/convert/write/model-files.ts'
import { ModelPlace } from '../../../src/convert/write/model-place.ts'

const DEMO = fileURLToPath(new URL('../../../models/demo/hp', import.meta.url))

/** How many more files may be removed until the process is killed. */
const fuel = vi.hoisted(() => ({ left: Infinity }))
vi.mock('node:fs/promises', async (original) => {
  const real = await original<typeof fs>()
  const burning =
    (remove: typeof real.unlink): typeof real.unlink =>
    async (path) => {
      if (fuel.left-- <= 0) throw new Error('killed')
      return remove(path)
    }
  return { ...real, unlink: burning(real.unlink), rmdir: burning(real.rmdir) }
})

let folder: string
beforeEach(async () => void (folder = await mkdtemp(join(tmpdir(), 'icthp-killed-'))))
afterEach(async () => {
  fuel.left = Infinity
  await rm(folder, { recursive: true })
})

/** Writes a model as a conversion does; with little fuel it ends somewhere between. */
async function write(commits: boolean): Promise<void> {
  const place = await ModelPlace.open(join(folder, 'hp'))
  try {
    await cp(DEMO, place.partial, { recursive: true })
    if (commits) await place.commit()
  } finally {
    await place.close()
  }
}

test.each(Array.from({ length: 12 }, (_, steps) => steps))(
  'a run that is killed after removing %s files or folders leaves nothing that the next cannot put right',
  async (steps) => {
    for (const commits of [true, false]) {
      await write(true)
      fuel.left = steps
      await write(commits).catch(() => {})
      fuel.left = Infinity
      await write(true)
      expect(await filesIn(folder)).toEqual((await filesIn(DEMO)).map((path) => `hp/${path}`))
    }
  },
)

test('a folder of the user in the place of what is written first stays', async () => {
  await mkdir(join(folder, 'mine'))
  await writeFile(join(folder, 'mine/a'), 'mine')
  await cp(join(folder, 'mine'), join(folder, '.hp.icthp-partial'), { recursive: true })
  await expect(write(true)).rejects.toMatchObject({ code: 'output_not_ours' })
  expect(await filesIn(folder)).toEqual(['.hp.icthp-partial/a', 'mine/a'])
})
