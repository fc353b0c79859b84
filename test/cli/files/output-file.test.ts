import type * as FileSystem from 'node:fs/promises'
import { mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { openOutputFile, writeOutputFile } from '../../../src/cli/files/output-file.ts'

const disk = vi.hoisted(() => ({ full: false }))
vi.mock('node:fs/promises', async (original) => {
  const actual = await original<typeof FileSystem>()
  const writeFull: typeof actual.writeFile = async (path, data, options) => {
    await actual.writeFile(path, String(data).slice(0, 3), options)
    throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' })
  }
  return {
    ...actual,
    writeFile: ((...args) => (disk.full ? writeFull : actual.writeFile)(...args)) as typeof actual.writeFile,
  }
})

let folder: string
beforeEach(async () => void (folder = await mkdtemp(join(tmpdir(), 'icthp-output-'))))
afterEach(async () => {
  disk.full = false
  await rm(folder, { recursive: true })
})
const open = (name: string): ReturnType<typeof openOutputFile> =>
  openOutputFile('--html', name, ['.html'], 'MARK', folder)

test('a disk that gets full is said with a code, and leaves the old report and no half of the new one', async () => {
  await writeFile(join(folder, 'a.html'), 'MARK old')
  const place = await open('a.html')
  disk.full = true
  await expect(writeOutputFile(place, 'MARK new')).rejects.toMatchObject({
    name: 'OutputError',
    code: 'output_no_space',
    message: 'a.html could not be written: the disk is full. Make room, or choose another place.',
  })
  expect([await readdir(folder), await readFile(join(folder, 'a.html'), 'utf8')]).toEqual([
    ['a.html'],
    'MARK old',
  ])
})

test('where a link leads is replaced, not the link', async () => {
  await writeFile(join(folder, 'real.html'), 'MARK old')
  await symlink(join(folder, 'real.html'), join(folder, 'link.html'))
  await writeOutputFile(await open('link.html'), 'MARK new')
  expect(await readFile(join(folder, 'real.html'), 'utf8')).toBe('MARK new')
  expect((await readdir(folder)).sort()).toEqual(['link.html', 'real.html'])
})
