import type * as FileSystem from 'node:fs/promises'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { lockFile } from '../../../src/hub/files/file-lock-node.ts'

const looks: { errors: string[] } = { errors: [] }
vi.mock('node:fs/promises', async (original) => {
  const actual = await original<typeof FileSystem>()
  return {
    ...actual,
    lstat: (path: string) => {
      const code = looks.errors.shift()
      return code === undefined
        ? actual.lstat(path)
        : Promise.reject(Object.assign(new Error(`${code}: as mocked`), { code }))
    },
  }
})

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'icthp-lock-'))
})
afterEach(() => rm(folder, { recursive: true }))

test('a lock that cannot be looked at is an error, not a loop without end', async () => {
  const path = join(folder, 'lock')
  await writeFile(path, '{}')
  looks.errors = Array.from({ length: 1000 }, () => 'EIO')
  await expect(lockFile(path)).rejects.toMatchObject({ code: 'EIO' })
  expect(looks.errors.length).toBe(999)
})

test('a lock that is there and not there is looked at again after a while', async () => {
  const path = join(folder, 'lock')
  await writeFile(path, '{}')
  looks.errors = Array.from({ length: 1000 }, () => 'ENOENT')
  const stop = new AbortController()
  const waiting = lockFile(path, stop.signal)
  await expect.poll(() => looks.errors.length).toBeLessThan(999)
  stop.abort(new Error('enough'))
  await expect(waiting).rejects.toThrow('enough')
  // Not as often as it can: some hundred times meanwhile, without a pause.
  expect(looks.errors.length).toBeGreaterThan(980)
})
