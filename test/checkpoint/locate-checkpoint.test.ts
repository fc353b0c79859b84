import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openCheckpoint } from '../../src/checkpoint/checkpoint.ts'
import { refusal } from './refusal.ts'
import { dictOf, floatTensor, storedZip } from './stored-archive.ts'

let root: string
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'icthp-locate-'))
})
afterAll(() => rm(root, { recursive: true }))

const one = storedZip({
  'data.pkl': dictOf({ a: floatTensor('0', 1, 0, [1], [1]) }),
  'data/0': new Uint8Array(Float32Array.of(1).buffer),
})
let next = 0

async function folder(files: Record<string, string | Uint8Array>): Promise<string> {
  const path = join(root, String(next++))
  await mkdir(path)
  for (const [name, content] of Object.entries(files)) await writeFile(join(path, name), content)
  return path
}

describe('the checkpoint in a folder', () => {
  const chosen: [files: string[], choice: string][] = [
    [['pytorch_model.bin', 'other.pt'], 'pytorch_model.bin'],
    [['pytorch_model.bin', 'model.safetensors', 'other.pt'], 'model.safetensors'],
    [['._weights.pt', 'weights.pt', '.hidden.bin'], 'weights.pt'],
    [['mlp_pytorch_model.bin', 'config.json'], 'mlp_pytorch_model.bin'],
    [['weights.ckpt', 'optimizer.pt', 'training_args.bin', 'notes.txt'], 'weights.ckpt'],
  ]
  for (const [files, choice] of chosen) {
    it(`of ${files.join(', ')} is ${choice}`, async () => {
      const path = await folder(Object.fromEntries(files.map((name) => [name, one])))
      await using checkpoint = await openCheckpoint(path)
      expect(checkpoint.path).toBe(join(path, choice))
      expect(checkpoint.files).toEqual([checkpoint.path])
      expect(checkpoint.others).toEqual(
        files.filter((name) => name !== choice && /^(other|pytorch_model|model)/.test(name)).sort(),
      )
    })
  }

  it('is what config.json names as transformers_weights', async () => {
    const config = JSON.stringify({ transformers_weights: 'own.safetensors' })
    const path = await folder({ 'config.json': config, 'own.safetensors': one, 'model.safetensors': one })
    await using checkpoint = await openCheckpoint(path)
    expect([checkpoint.path, checkpoint.others]).toEqual([
      join(path, 'own.safetensors'),
      ['model.safetensors'],
    ])
    const error = await refusal(await folder({ 'config.json': config, 'model.safetensors': one }))
    expect([error.code, error.message]).toEqual([
      'checkpoint_not_found',
      expect.stringContaining('own.safetensors, which is not there'),
    ])
  })

  it('is not guessed from shards without their index', async () => {
    const error = await refusal(
      await folder({ 'model-00001-of-00002.bin': one, 'model-00002-of-00002.bin': one }),
    )
    expect([error.code, error.message]).toEqual([
      'checkpoint_not_found',
      expect.stringContaining('without their index'),
    ])
  })

  it('is not guessed, and not made up', async () => {
    expect((await refusal(join(root, 'nowhere'))).code).toBe('checkpoint_not_found')
    expect((await refusal(await folder({ 'config.json': '{}' }))).message).toContain(
      'the folder has no weight file',
    )
    const two = await refusal(await folder({ 'a.bin': one, 'b.pt': one }))
    expect([two.code, two.message]).toEqual([
      'checkpoint_not_found',
      expect.stringContaining('(a.bin, b.pt). Name the wanted one.'),
    ])
  })
})

describe('an index of shards', () => {
  const index = (map: Record<string, unknown>): string => JSON.stringify({ weight_map: map })
  const cases: [name: string, files: Record<string, string | Uint8Array>, code: string, says: string][] = [
    ['a missing shard', { 'x.index.json': index({ a: 'x-1.bin' }) }, 'checkpoint_not_found', 'x-1.bin'],
    [
      'a path out of the folder',
      { 'x.index.json': index({ a: '../x.bin' }) },
      'checkpoint_unreadable',
      'not a file beside it',
    ],
    [
      'an absolute path',
      { 'x.index.json': index({ a: '/etc/passwd' }) },
      'checkpoint_unreadable',
      'not a file beside it',
    ],
    [
      'a number for a file',
      { 'x.index.json': index({ a: 1 }) },
      'checkpoint_unreadable',
      'not a file beside it',
    ],
    ['nothing in it', { 'x.index.json': index({}) }, 'checkpoint_unreadable', 'no weight_map'],
    [
      'too many bytes',
      { 'x.index.json': new Uint8Array((32 << 20) + 1) },
      'checkpoint_unreadable',
      'far more',
    ],
    ['no JSON', { 'x.index.json': 'x' }, 'checkpoint_unreadable', 'not JSON'],
    [
      'a key that its shard lacks',
      { 'x.index.json': index({ b: 'x-1.bin' }), 'x-1.bin': one },
      'checkpoint_unreadable',
      'it is not',
    ],
    [
      'a key in two shards',
      { 'x.index.json': index({ a: 'x-1.bin', b: 'x-2.bin' }), 'x-1.bin': one, 'x-2.bin': one },
      'checkpoint_unreadable',
      'in two of its files',
    ],
  ]
  for (const [name, files, code, says] of cases) {
    it(`is refused for ${name}`, async () => {
      const error = await refusal(await folder(files))
      expect([error.code, error.message]).toEqual([code, expect.stringContaining(says)])
    })
  }
})

describe('files that are no checkpoints', () => {
  const tar = Buffer.alloc(1024)
  tar.write('pickle')
  tar.write('ustar', 257)
  const cases: [content: string | Uint8Array, code: string, kind: string, says: string][] = [
    ['', 'checkpoint_truncated', 'empty', 'it is empty'],
    [new Uint8Array(4096), 'checkpoint_truncated', 'zeros', 'never finished'],
    [
      'version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 42\n',
      'checkpoint_unreadable',
      'git-lfs',
      '(42 bytes)',
    ],
    ['\n <!DOCTYPE html>\n<html><title>Sign in</title>', 'checkpoint_unreadable', 'html', '(“Sign in”)'],
    ['<?xml version="1.0"?><Error/>', 'checkpoint_unreadable', 'xml', 'XML'],
    ['{"error":"Repository not found"}', 'checkpoint_unreadable', 'json', 'JSON'],
    ...[
      'Entry not found',
      'Repository not found',
      'Invalid username or password.',
      'Access to model 8y/ICT is restricted. You must be authenticated to access it.',
      '404: Not Found',
      'Internal Server Error - We are working hard to fix this as soon as possible!',
      'Too Many Requests',
    ].map((said): (typeof cases)[0] => [said, 'checkpoint_unreadable', 'server-answer', `“${said}”`]),
    ['\ufeff<html><head>', 'checkpoint_unreadable', 'html', 'HTML page'],
    ['<Error><Code>NoSuchKey</Code></Error>', 'checkpoint_unreadable', 'xml', 'XML'],
    ['{"error":"Entry not found"}', 'checkpoint_unreadable', 'json', '({"error":"Entry not found"})'],
    ['notes of\n  mine', 'checkpoint_unreadable', 'unknown', 'but text (“notes of mine”)'],
    [gzipSync(one), 'checkpoint_unreadable', 'gzip', 'gunzip'],
    [tar, 'checkpoint_unreadable', 'tar', 'tar archive'],
    ['GGUF\x03', 'checkpoint_unreadable', 'gguf', 'GGUF'],
    ['hello, world', 'checkpoint_unreadable', 'unknown', 'neither a torch.save file nor safetensors'],
    ['P', 'checkpoint_unreadable', 'unknown', 'neither'],
  ]
  for (const [content, code, kind, says] of cases) {
    it(`are named: ${kind}`, async () => {
      const error = await refusal(join(await folder({ 'pytorch_model.bin': content }), 'pytorch_model.bin'))
      expect([error.code, error.details['kind'], error.message]).toEqual([
        code,
        kind,
        expect.stringContaining(says),
      ])
    })
  }
})
