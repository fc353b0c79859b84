import { lstat, mkdir, readdir, readFile, readlink, stat, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { Progress } from '../../../src/base/progress.ts'
import { createNodeHub } from '../../../src/hub/hub-node.ts'
import { sha256 } from '../../sha256.ts'
import { noise } from '../fake-hub.ts'
import { failure, hubRoom } from '../hub-room.ts'

const room = hubRoom()
const weights = noise(200_000)
const digest = { size: weights.length, sha256: sha256(weights) }
const manifest = '{"format":1}'

function publish(options?: { token?: string; gated?: boolean }): string {
  return room.hub.add('me/model', { 'icthp.json': manifest, 'onnx/a.onnx': weights }, options)
}

const home = (): string => join(room.options.cacheDir, 'models--me--model')

test('a fresh download lands in the standard layout', async () => {
  const commit = publish()
  const folder = await createNodeHub(room.options).open('me/model')
  expect(folder.revision).toBe(commit)
  expect(folder.source).toBe('me/model')
  expect(await folder.readText('icthp.json')).toBe(manifest)
  expect(await folder.readText('config.json')).toBeUndefined()
  const seen: Progress[] = []
  const file = await folder.file('onnx/a.onnx', digest, { onProgress: (progress) => seen.push(progress) })
  const path = join(home(), 'snapshots', commit, 'onnx', 'a.onnx')
  expect(file).toEqual({ path })
  expect(sha256(await readFile(path))).toBe(sha256(weights))
  expect(await readlink(path)).toBe(join('..', '..', '..', 'blobs', digest.sha256))
  expect((await lstat(join(home(), 'blobs', digest.sha256))).isFile()).toBe(true)
  expect(await readFile(join(home(), 'refs', 'main'), 'utf8')).toBe(commit)
  expect((await readdir(join(home(), 'blobs'))).length).toBe(2)
  expect(seen.map(({ stage }) => stage)).not.toContain('verify')
  expect(seen.at(-1)).toEqual({
    stage: 'download',
    item: 'onnx/a.onnx',
    loaded: 200_000,
    total: 200_000,
    unit: 'bytes',
  })
  expect(room.hub.bytesOf(weights)).toBe(200_000)
})

test('the second time nothing is fetched, and the file is checked', async () => {
  publish()
  const hub = createNodeHub(room.options)
  await (await hub.open('me/model')).file('onnx/a.onnx', digest)
  room.hub.served.length = 0
  const folder = await hub.open('me/model')
  const stages = new Set<string>()
  const onProgress = ({ stage }: Progress): unknown => stages.add(stage)
  const { path } = (await folder.file('onnx/a.onnx', digest, { onProgress })) as { path: string }
  expect([...stages]).toEqual(['verify'])
  expect(room.hub.served.map(({ path: at }) => at)).toEqual(['/api/models/me/model/revision/main'])
  await writeFile(path, noise(200_000, 2))
  const error = await failure(folder.file('onnx/a.onnx', digest), 'model_sha256_mismatch')
  expect(error.message).toContain(`Delete ${path}`)
})

test('what Python has placed is used without a download', async () => {
  const commit = publish()
  const snapshot = join(home(), 'snapshots', commit)
  await mkdir(join(snapshot, 'onnx'), { recursive: true })
  await mkdir(join(home(), 'blobs'))
  await mkdir(join(home(), 'refs'))
  await writeFile(join(home(), 'refs', 'main'), commit)
  await writeFile(join(home(), 'blobs', digest.sha256), weights)
  await symlink(join('..', '..', '..', 'blobs', digest.sha256), join(snapshot, 'onnx', 'a.onnx'))
  await writeFile(join(snapshot, 'icthp.json'), manifest)
  const folder = await createNodeHub(room.options).open('me/model')
  expect(await folder.readText('icthp.json')).toBe(manifest)
  expect(await folder.file('onnx/a.onnx', digest)).toEqual({ path: join(snapshot, 'onnx', 'a.onnx') })
  expect(room.hub.bytesOf(weights)).toBe(0)
  const offline = await createNodeHub({ ...room.options, offline: true }).open('me/model')
  expect(offline.revision).toBe(commit)
  await offline.file('onnx/a.onnx', digest)
})

test('a blob of another commit is linked, not fetched again', async () => {
  publish()
  const hub = createNodeHub(room.options)
  await (await hub.open('me/model')).file('onnx/a.onnx', digest)
  const commit = room.hub.add('me/model', { 'icthp.json': '{}', 'onnx/a.onnx': weights })
  room.hub.served.length = 0
  await (await hub.open('me/model')).file('onnx/a.onnx', digest)
  expect(room.hub.bytesOf(weights)).toBe(0)
  expect((await readdir(join(home(), 'snapshots'))).length).toBe(2)
  expect(await readFile(join(home(), 'refs', 'main'), 'utf8')).toBe(commit)
})

test('offline: from the cache, else an error that says so; HF_HUB_OFFLINE is honoured', async () => {
  const commit = publish()
  await failure(createNodeHub({ ...room.options, offline: true }).open('me/model'), 'download_offline')
  const online = await createNodeHub(room.options).open('me/model')
  await online.readText('icthp.json')
  room.hub.served.length = 0
  const folder = await createNodeHub({ ...room.options, offline: true }).open('me/model')
  expect(folder.revision).toBe(commit)
  expect(await folder.readText('icthp.json')).toBe(manifest)
  expect(await folder.readText('config.json')).toBeUndefined()
  const error = await failure(folder.file('onnx/a.onnx', digest), 'download_offline')
  expect(error.message).toContain('HF_HUB_OFFLINE')
  const hub = createNodeHub({ ...room.options, offline: true })
  await failure(hub.open('me/model', { revision: 'ab'.repeat(20) }), 'download_offline')
  expect(room.hub.served).toEqual([])
})

test('a hub that is down is done without when the cache has it', async () => {
  const commit = publish()
  const hub = createNodeHub(room.options)
  await (await hub.open('me/model')).file('onnx/a.onnx', digest)
  room.hub.trouble('/revision/main', { status: 503 }, { status: 503 }, { status: 503 })
  expect((await hub.open('me/model')).revision).toBe(commit)
  await room.hub.stop()
  const folder = await hub.open('me/model')
  expect(folder.revision).toBe(commit)
  await folder.file('onnx/a.onnx', digest)
  const empty = createNodeHub({ ...room.options, cacheDir: join(room.folder, 'other') })
  const error = await failure(empty.open('me/model'), 'download_failed')
  expect(error.message).toContain('ECONNREFUSED')
})

test('the token goes to the hub and to nobody else', async () => {
  publish({ token: 'hf_secret' })
  const hub = createNodeHub({ ...room.options, token: 'hf_secret' })
  await (await hub.open('me/model')).file('onnx/a.onnx', digest)
  const to = (host: string): unknown[] => {
    const served = room.hub.served.filter((one) => one.host === host)
    return [...new Set(served.map(({ authorization }) => authorization))]
  }
  expect(to('hub')).toEqual(['Bearer hf_secret'])
  expect(to('cdn')).toEqual([undefined])
})

test('private, gated, wrong name, revision and file', async () => {
  publish({ token: 'hf_secret' })
  const error = await failure(createNodeHub(room.options).open('me/model'), 'download_unauthorized')
  expect(error.message).toMatch(/There is no folder .*me.model.*set HF_TOKEN/)
  await failure(createNodeHub({ ...room.options, token: 'hf_wrong' }).open('me/model'), 'download_not_found')
  publish({ gated: true })
  const gated = await createNodeHub(room.options).open('me/model')
  expect((await failure(gated.file('onnx/a.onnx', digest), 'download_unauthorized')).message).toContain(
    'Accept its licence',
  )
  publish()
  const revision = await failure(
    createNodeHub(room.options).open('me/model', { revision: 'v9' }),
    'download_not_found',
  )
  expect(revision.details['missing']).toBe('revision')
  await failure(createNodeHub(room.options).open('me/model', { revision: '../x' }), 'download_not_found')
  const folder = await createNodeHub(room.options).open('me/model')
  const missing = await failure(folder.file('onnx/b.onnx', digest), 'model_file_missing')
  expect(missing.details['path']).toBe('onnx/b.onnx')
})

test('a file whose announced sha256 is not the one of the manifest is not even fetched', async () => {
  publish()
  const folder = await createNodeHub(room.options).open('me/model')
  await failure(folder.file('onnx/a.onnx', { ...digest, sha256: 'ab'.repeat(32) }), 'model_sha256_mismatch')
  expect(room.hub.bytesOf(weights)).toBe(0)
})

test('a commit is taken at its word', async () => {
  const commit = publish()
  room.hub.add('me/model', { 'icthp.json': 'newer' })
  const folder = await createNodeHub(room.options).open('me/model', { revision: commit })
  expect(folder.revision).toBe(commit)
  expect(room.hub.served).toEqual([])
})

test('a hub that is none: a page instead of JSON', async () => {
  publish()
  const endpoint = `${room.hub.endpoint}/me/model/resolve/main/icthp.json#`
  const error = await failure(
    createNodeHub({ ...room.options, endpoint }).open('me/model'),
    'download_failed',
  )
  expect(error.message).toContain('does not answer as a Hugging Face hub')
  expect(room.hub.served.length).toBe(1)
})

test('a ref that is right is not written again', async () => {
  publish()
  const hub = createNodeHub(room.options)
  await (await hub.open('me/model')).readText('icthp.json')
  const before = (await stat(join(home(), 'refs', 'main'))).mtimeMs
  await (await hub.open('me/model')).readText('icthp.json')
  expect((await stat(join(home(), 'refs', 'main'))).mtimeMs).toBe(before)
})
