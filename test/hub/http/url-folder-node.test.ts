import { open as openFile, readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeEach, expect, test } from 'vitest'
import type { ModelFolder } from '../../../src/hub/hub.ts'
import { createNodeHub, type NodeHubOptions } from '../../../src/hub/hub-node.ts'
import { sha256 } from '../../sha256.ts'
import { noise } from '../fake-hub.ts'
import { failure, hubRoom } from '../hub-room.ts'

const room = hubRoom()
const weights = noise(200_000)
const digest = { size: weights.length, sha256: sha256(weights) }
let source: string

beforeEach(() => {
  room.hub.add('web/folder', { 'icthp.json': 'one', 'onnx/a.onnx': weights })
  source = `${room.hub.endpoint}/web/folder/resolve/main`
})

const open = (options: NodeHubOptions = {}): Promise<ModelFolder> =>
  createNodeHub({ ...room.options, ...options }).open(source)

test('texts and files come from the server, files go by content', async () => {
  const folder = await open()
  expect(folder.source).toBe(source)
  expect(await folder.readText('icthp.json')).toBe('one')
  expect(await folder.readText('hp/icthp.json')).toBeUndefined()
  const { path } = (await folder.file('onnx/a.onnx', digest)) as { path: string }
  expect(path.startsWith(room.options.urlCacheDir)).toBe(true)
  expect(path.endsWith(join('onnx', 'a.onnx'))).toBe(true)
  expect(sha256(await readFile(path))).toBe(sha256(weights))
  const again = await open()
  await again.readText('icthp.json')
  expect(await again.file('onnx/a.onnx', digest)).toEqual({ path })
  expect(room.hub.bytesOf(weights)).toBe(200_000)
})

test('no token is sent', async () => {
  const folder = await open({ token: 'hf_secret' })
  await folder.readText('icthp.json')
  await folder.file('onnx/a.onnx', digest)
  expect(room.hub.served.every(({ authorization }) => authorization === undefined)).toBe(true)
})

test('a name and a password in the address go into a header', async () => {
  const folder = await createNodeHub(room.options).open(source.replace('://', '://me:pa%2055@'))
  expect(await folder.readText('icthp.json')).toBe('one')
  await folder.file('onnx/a.onnx', digest)
  const asked = room.hub.served.filter(({ host }) => host === 'hub')
  expect(new Set(asked.map(({ authorization }) => authorization))).toEqual(
    new Set([`Basic ${btoa('me:pa 55')}`]),
  )
})

test('a new version gets a snapshot of its own, and shares what has not changed', async () => {
  const old = await open()
  await old.readText('icthp.json')
  const first = (await old.file('onnx/a.onnx', digest)) as { path: string }
  const other = noise(150_000, 5)
  room.hub.add('web/folder', { 'icthp.json': 'two', 'onnx/a.onnx': other })
  const young = await open()
  expect(await young.readText('icthp.json')).toBe('two')
  const second = (await young.file('onnx/a.onnx', { size: other.length, sha256: sha256(other) })) as {
    path: string
  }
  expect(second.path).not.toBe(first.path)
  expect(sha256(await readFile(first.path))).toBe(sha256(weights))
  expect(sha256(await readFile(second.path))).toBe(sha256(other))
})

test('broken connections are resumed, over calls too', async () => {
  const folder = await open()
  room.hub.trouble(digest.sha256, { breakAfter: 90_000 }, { breakAfter: 0 }, { breakAfter: 0 })
  await failure(folder.file('onnx/a.onnx', digest), 'download_interrupted')
  await folder.file('onnx/a.onnx', digest)
  expect(room.hub.bytesOf(weights)).toBe(200_000)
})

test('wrong content, missing files', async () => {
  const folder = await open()
  const missing = await failure(folder.file('onnx/b.onnx', digest), 'model_file_missing')
  expect(missing.details['path']).toBe('onnx/b.onnx')
  const wrong = noise(200_000, 3)
  room.hub.corrupt(weights, wrong)
  const error = await failure(folder.file('onnx/a.onnx', digest), 'download_sha256_mismatch')
  expect(error.details['digest']).toBe(sha256(wrong))
})

test('offline, and with the server gone, the last texts and files serve', async () => {
  const folder = await open()
  await failure((await open({ offline: true })).file('onnx/a.onnx', digest), 'download_offline')
  await folder.readText('icthp.json')
  const file = await folder.file('onnx/a.onnx', digest)
  await room.hub.stop()
  for (const options of [{ offline: true }, {}]) {
    const later = await open(options)
    expect(await later.readText('icthp.json')).toBe('one')
    expect(await later.file('onnx/a.onnx', digest)).toEqual(file)
  }
  const error = await failure((await open()).readText('other.json'), 'download_failed')
  expect(error.message).toContain('ECONNREFUSED')
  expect((await readdir(room.options.urlCacheDir)).length).toBe(1)
})

test('a text that has changed is replaced as a whole: who reads the old one reads all of it', async () => {
  await (await open()).readText('icthp.json')
  const [name] = await readdir(room.options.urlCacheDir)
  const kept = join(room.options.urlCacheDir, name!, 'texts', 'icthp.json')
  const reader = await openFile(kept)
  try {
    room.hub.add('web/folder', { 'icthp.json': 'another', 'onnx/a.onnx': weights })
    expect(await (await open()).readText('icthp.json')).toBe('another')
    expect(await reader.readFile('utf8')).toBe('one')
    expect(await readFile(kept, 'utf8')).toBe('another')
    expect(await readdir(join(kept, '..'))).toEqual(['icthp.json'])
  } finally {
    await reader.close()
  }
})
