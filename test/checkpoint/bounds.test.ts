import { execFileSync } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openCheckpoint } from '../../src/checkpoint/checkpoint.ts'
import { DataFile } from '../../src/checkpoint/data-file.ts'
import { refusal } from './refusal.ts'
import { op, storedZip } from './stored-archive.ts'

let root: string
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'icthp-bounds-'))
})
afterAll(() => rm(root, { recursive: true }))

async function safetensors(
  header: string | Uint8Array,
  data: Uint8Array = new Uint8Array(0),
): Promise<string> {
  const text = Buffer.from(header as string)
  const length = Buffer.alloc(8)
  length.writeBigUInt64LE(BigInt(text.length))
  const path = join(root, 'case.safetensors')
  await writeFile(path, Buffer.concat([length, text, data]))
  return path
}

const entry = '{"dtype":"F32","shape":[0],"data_offsets":[0,0]}'
const tensors = (count: number): string =>
  `{${Array.from({ length: count }, (_, i) => `"t${i}":${entry}`).join(',')}}`

/** Bytes that the process holds more than before, at most, while it does something. */
async function growth(run: () => Promise<unknown>): Promise<number> {
  const before = process.memoryUsage.rss()
  let most = before
  const timer = setInterval(() => (most = Math.max(most, process.memoryUsage.rss())), 20)
  await run()
  clearInterval(timer)
  return Math.max(most, process.memoryUsage.rss()) - before
}

describe('a safetensors header', () => {
  const cases: [name: string, header: () => string | Uint8Array, says: string][] = [
    ['of more than 32 MiB', () => Buffer.alloc((32 << 20) + 1, '{"a":'), 'its header claims 33554433 bytes'],
    ['of 100,001 tensors', () => tensors(100_001), 'header names more than 100000 tensors'],
    ['of 30 MB of brackets', () => `{"a":{"x":${'['.repeat(30e6)}`, 'header is nested too deep'],
    ['of 2 million empty lists', () => `{"a":{"x":[${'[],'.repeat(2e6)}[]]}}`, 'more than 500000 parts'],
    [
      'of 600,000 notes',
      () => `{"__metadata__":{${Array.from({ length: 6e5 }, (_, i) => `"${i}":""`).join(',')}}}`,
      'more than 500000 parts',
    ],
    ['that is not UTF-8', () => Buffer.from(`{"\xe9":${entry}}`, 'latin1'), 'header is not UTF-8'],
    ['of half a surrogate pair', () => `{"\\ud800":${entry}}`, 'not as safetensors has it at character 9'],
    ['with a name twice', () => `{"a":${entry},"a":${entry}}`, 'header has a twice'],
    ['with a field twice', () => `{"a":{"dtype":"F16",${entry.slice(1)}}`, 'header has dtype twice'],
    ['with a float for a size', () => `{"a":${entry.replace('[0]', '[0.0]')}}`, 'not as safetensors has it'],
    ['with a size of minus one', () => `{"a":${entry.replace('[0]', '[-1]')}}`, 'not as safetensors has it'],
    ['with 01 for a size', () => `{"a":${entry.replace('[0]', '[01]')}}`, 'not as safetensors has it'],
    [
      'with notes that are no strings',
      () => `{"__metadata__":{"a":1},"a":${entry}}`,
      'not as safetensors has it',
    ],
    ['with something behind it', () => `{"a":${entry}}x`, 'not as safetensors has it'],
    ['that lacks a field', () => '{"a":{"dtype":"F32","shape":[0]}}', 'header says too little of a'],
  ]
  for (const [name, header, says] of cases) {
    it(`is refused ${name}`, async () => {
      const error = await refusal(await safetensors(header()))
      expect([error.code, error.message]).toEqual(['checkpoint_unreadable', expect.stringContaining(says)])
    })
  }

  it('is read with white space, escapes, notes and fields that are not known', async () => {
    const header = ` {"__metadata__":{"format":"pt"},\n"\\u00e9\\"":{"new":[{"a":[1.5e3,true,null,"]"]}],"dtype":"F32","shape":[1],"data_offsets":[0,4]}}  `
    await using checkpoint = await openCheckpoint(
      await safetensors(header, new Uint8Array(Float32Array.of(3).buffer)),
    )
    expect(await checkpoint.tensors.get('é"')!.values()).toEqual([3])
  })

  it('of a hundred thousand tensors takes no more than 200 MB', async () => {
    const path = await safetensors(tensors(100_000))
    const taken = await growth(async () => {
      await using checkpoint = await openCheckpoint(path)
      expect(checkpoint.tensors.size).toBe(100_000)
    })
    expect(taken).toBeLessThan(200e6)
  })
})

describe('a pickle', () => {
  const save = async (...parts: Uint8Array[]): Promise<string> => {
    const path = join(root, 'case.bin')
    await writeFile(path, storedZip({ 'data.pkl': Buffer.concat([op.raw(0x80, 4), ...parts]) }))
    return path
  }
  const cases: [name: string, parts: Uint8Array[]][] = [
    ['empty dicts', [Buffer.alloc(3e6, op.emptyDict)]],
    [
      'dicts of one entry',
      [Buffer.alloc(8e6, Buffer.concat([op.emptyDict, op.false, op.false, op.setItem]))],
    ],
    [
      'unknown objects',
      [
        op.global('a.b'),
        op.put(0),
        Buffer.alloc(9e6, Buffer.concat([op.raw(0x68, 0), op.emptyTuple, op.reduce])),
      ],
    ],
    ['names of classes', [Buffer.alloc(4e6, op.global('a.b'))]],
  ]
  for (const [name, parts] of cases) {
    it(`of millions of ${name} takes no more than 500 MB`, async () => {
      const path = await save(...parts)
      const taken = await growth(async () => {
        expect((await refusal(path)).message).toContain('more than 2000000 operations')
      })
      expect(taken).toBeLessThan(500e6)
    })
  }
})

describe('an index of shards', () => {
  const index = async (text: string): Promise<string> => {
    const path = join(root, 'model.safetensors.index.json')
    await writeFile(path, text)
    return path
  }
  it.each([
    ['of more than 16 MiB', () => `{"weight_map":{"a":"${'b'.repeat(16 << 20)}"}}`, 'far more than one has'],
    ['of 8 MB of brackets', () => '['.repeat(8e6), 'nested too deep'],
    ['that is not JSON', () => '{"weight_map":', 'the index is not JSON'],
  ])('is refused %s', async (_name, text, says) => {
    const error = await refusal(await index(text()))
    expect([error.code, error.message]).toEqual(['checkpoint_unreadable', expect.stringContaining(says)])
  })
})

describe.skipIf(process.platform === 'win32')('a pipe that nobody writes to', () => {
  const folder = async (name: string): Promise<string> => {
    const path = join(root, name)
    await mkdir(path)
    return path
  }
  const irregular = 'it is not a regular file'

  it('is refused at once, by itself', async () => {
    const path = join(root, 'pipe')
    execFileSync('mkfifo', [path])
    expect((await refusal(path)).message).toContain('it is a pipe or a device')
    await expect(DataFile.open(path)).rejects.toMatchObject({
      code: 'checkpoint_unreadable',
      message: expect.stringContaining(irregular) as string,
    })
    await expect(DataFile.open('/dev/zero')).rejects.toMatchObject({ code: 'checkpoint_unreadable' })
  })

  it.each(['model.safetensors', 'pytorch_model.bin', 'model.safetensors.index.json'])(
    'is refused as %s of a folder',
    async (name) => {
      const path = await folder(`of-${name}`)
      execFileSync('mkfifo', [join(path, name)])
      expect((await refusal(path)).message).toContain(irregular)
    },
  )

  it('is refused as a shard', async () => {
    const path = await folder('sharded')
    await writeFile(join(path, 'model.safetensors.index.json'), '{"weight_map":{"a":"a.safetensors"}}')
    execFileSync('mkfifo', [join(path, 'a.safetensors')])
    expect((await refusal(path)).message).toContain(irregular)
  })
})
