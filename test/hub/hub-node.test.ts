import { mkdir, writeFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { pathToFileURL } from 'node:url'
import { beforeEach, expect, test, vi } from 'vitest'
import { createNodeHub } from '../../src/hub/hub-node.ts'
import { failure, hubRoom } from './hub-room.ts'

const room = hubRoom()
let path: string

beforeEach(async () => {
  path = join(room.folder, 'models', 'mine')
  await mkdir(path, { recursive: true })
  await writeFile(join(path, 'icthp.json'), 'here')
})

async function read(source: string): Promise<string | undefined> {
  const folder = await createNodeHub(room.options).open(source)
  return folder.readText('icthp.json')
}

test('a folder by absolute path, relative path and file URL', async () => {
  expect(await read(path)).toBe('here')
  expect(await read(relative(process.cwd(), path))).toBe('here')
  expect(await read(pathToFileURL(path).href)).toBe('here')
  expect(await read(`${pathToFileURL(path).href}/`)).toBe('here')
})

test('a folder under ~', async () => {
  vi.stubEnv('HOME', room.folder)
  vi.stubEnv('USERPROFILE', room.folder)
  expect(await read('~/models/mine')).toBe('here')
})

test('a folder that is there wins over a repository of its name', async () => {
  room.hub.add('models/mine', { 'icthp.json': 'hub' })
  expect(await read('models/mine')).toBe('hub')
  const cwd = vi.spyOn(process, 'cwd').mockReturnValue(room.folder)
  try {
    expect(await read('models/mine')).toBe('here')
  } finally {
    cwd.mockRestore()
  }
})

test('a page of the hub is the repository', async () => {
  room.hub.add('a/b', { 'icthp.json': 'hub' })
  expect(await read(`${room.hub.endpoint}/a/b`)).toBe('hub')
  expect(await read(`${room.hub.endpoint}/a/b/tree/main`)).toBe('hub')
})

const absent = ['./models-out', '/no/such/models-out', '~/no-such-models-out', 'models-out', 'a/b/c']
test.each(absent)('%s is not there', async (source) => {
  const error = await failure(createNodeHub(room.options).open(source), 'model_not_found')
  expect(error.name).toBe('ModelError')
  expect(error.message).toContain('npx icthp convert')
  expect(error.message).toContain('npx icthp pull')
  expect(error.details['path']).toMatch(/^\/.*(models-out|c)$/)
  expect(room.hub.served).toEqual([])
})

test('owner/name that is neither folder nor repository says both', async () => {
  const error = await failure(
    createNodeHub({ ...room.options, token: 'hf_x' }).open('models-out/ict'),
    'download_not_found',
  )
  expect(error.message).toMatch(
    /^There is no folder \/.*models-out.ict, and taken as a hub repository: There is no repository /,
  )
})

test('a file is not a folder', async () => {
  const error = await failure(createNodeHub(room.options).open(join(path, 'icthp.json')), 'model_not_found')
  expect(error.message).toContain('is a file')
})

test('HF_ENDPOINT and HF_HOME are enough', async () => {
  room.hub.add('a/b', { 'icthp.json': 'hub' })
  vi.stubEnv('HF_ENDPOINT', `${room.hub.endpoint}/`)
  const folder = await createNodeHub().open('a/b')
  expect(await folder.readText('icthp.json')).toBe('hub')
  vi.stubEnv('HF_HUB_OFFLINE', '1')
  expect(await (await createNodeHub().open('a/b')).readText('icthp.json')).toBe('hub')
})
