import { mkdir, symlink, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { expect, test } from 'vitest'
import type { Progress } from '../../../src/base/progress.ts'
import { LocalFolder } from '../../../src/hub/files/folder-node.ts'
import { sha256 } from '../../sha256.ts'
import { noise } from '../fake-hub.ts'
import { failure, hubRoom } from '../hub-room.ts'

const room = hubRoom()
const weights = noise(100_000)
const digest = { size: weights.length, sha256: sha256(weights) }

async function model(): Promise<LocalFolder> {
  const path = join(room.folder, 'model')
  await mkdir(join(path, 'onnx'), { recursive: true })
  await writeFile(join(path, 'onnx', 'a.onnx'), weights)
  await writeFile(join(path, 'icthp.json'), '{"é":1}')
  return new LocalFolder(path, './model')
}

test('reads texts, and says undefined where there is none', async () => {
  const folder = await model()
  expect(await folder.readText('icthp.json')).toBe('{"é":1}')
  expect(await folder.readText('ict/icthp.json')).toBeUndefined()
  expect(await folder.readText('icthp.json/x')).toBeUndefined()
})

test('a good file comes as its absolute path, with progress', async () => {
  const folder = await model()
  const seen: Progress[] = []
  const file = await folder.file('onnx/a.onnx', digest, { onProgress: (progress) => seen.push(progress) })
  expect(file).toMatchObject({ path: join(room.folder, 'model', 'onnx', 'a.onnx') })
  await file.checked
  expect(seen.at(-1)).toEqual({
    stage: 'verify',
    item: 'onnx/a.onnx',
    loaded: 100_000,
    total: 100_000,
    unit: 'bytes',
  })
})

test('a missing file is named, with where it was looked for and what to do', async () => {
  const folder = await model()
  const error = await failure(folder.file('onnx/b.onnx', digest), 'model_file_missing')
  expect(error.name).toBe('ModelError')
  expect(error.message).toContain('onnx/b.onnx of the model ./model is missing')
  expect(error.message).toContain('npx icthp convert')
  expect(error.details).toEqual({
    source: './model',
    path: 'onnx/b.onnx',
    where: join(room.folder, 'model', 'onnx', 'b.onnx'),
  })
})

test('a truncated file, with both sizes', async () => {
  const folder = await model()
  await truncate(join(folder.path, 'onnx', 'a.onnx'), 99_999)
  const error = await failure(folder.file('onnx/a.onnx', digest), 'model_file_truncated')
  expect(error.details).toMatchObject({ size: 99_999, expected: 100_000, pointer: false })
  expect(error.message).toContain('is cut short: 99999 bytes, not 100000')
})

test('a git-lfs pointer is called one', async () => {
  const folder = await model()
  await writeFile(
    join(folder.path, 'onnx', 'a.onnx'),
    'version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 100000\n',
  )
  const error = await failure(folder.file('onnx/a.onnx', digest), 'model_file_truncated')
  expect(error.details['pointer']).toBe(true)
  expect(error.message).toContain('git lfs pull')
})

test('one wrong bit, with both sums', async () => {
  const folder = await model()
  const wrong = Buffer.from(weights)
  wrong[50_000]! ^= 1
  await writeFile(join(folder.path, 'onnx', 'a.onnx'), wrong)
  const { checked } = await folder.file('onnx/a.onnx', digest)
  const error = await failure(checked!, 'model_sha256_mismatch')
  expect(error.details).toMatchObject({ sha256: sha256(wrong), expected: digest.sha256 })
})

test.each([
  '../secret',
  '/etc/passwd',
  'a/../../b',
  'a//b',
  '',
  '.',
  'C:\\x',
  'a\\..\\..\\b',
  'onnx/./a.onnx',
  'a\0b',
])('refuses %j, which may leave the folder', async (path) => {
  const folder = await model()
  await failure(folder.file(path, digest), 'model_invalid_manifest')
  await failure(folder.readText(path), 'model_invalid_manifest')
})

test('follows links, as the Hugging Face cache is made of them', async () => {
  const folder = await model()
  await symlink(join('onnx', 'a.onnx'), join(folder.path, 'link.onnx'))
  const { checked, ...file } = await folder.file('link.onnx', digest)
  expect(file).toEqual({ path: join(folder.path, 'link.onnx') })
  await checked
})

test('stops when aborted', async () => {
  const folder = await model()
  const reason = new Error('enough')
  const aborted = await folder.file('onnx/a.onnx', digest, { signal: AbortSignal.abort(reason) })
  await expect(aborted.checked).rejects.toBe(reason)
  const controller = new AbortController()
  const onProgress = (): void => controller.abort(reason)
  const big = noise(3 * 2 ** 20)
  await writeFile(join(folder.path, 'big'), big)
  const { checked } = await folder.file(
    'big',
    { size: big.length, sha256: sha256(big) },
    { signal: controller.signal, onProgress },
  )
  await expect(checked).rejects.toBe(reason)
})

// Other programs may stall this one too, but hashing in one go would do so in every attempt.
test('hashing leaves the event loop free: no stall over 50 ms', { timeout: 60_000 }, async () => {
  const folder = await model()
  const big = Buffer.alloc(128 * 2 ** 20)
  await writeFile(join(folder.path, 'big'), big)
  const expected = { size: big.length, sha256: sha256(big) }
  let worst = Infinity
  for (let attempt = 0; attempt < 10 && worst >= 50; attempt++) {
    let last = performance.now()
    worst = 0
    const timer = setInterval(() => {
      const now = performance.now()
      worst = Math.max(worst, now - last)
      last = now
    }, 1)
    await (
      await folder.file('big', expected)
    ).checked
    clearInterval(timer)
  }
  expect(worst).toBeLessThan(50)
})

test('a folder in the place of a text has a code and a remedy', async () => {
  await mkdir(join(room.folder, 'icthp.json'))
  const error = await failure(new LocalFolder(room.folder).readText('icthp.json'), 'model_file_missing')
  expect(error.message).toContain('it is a folder, not a file')
})
