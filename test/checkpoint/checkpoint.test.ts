import { existsSync, readFileSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { type Checkpoint, type CheckpointTensor, openCheckpoint } from '../../src/checkpoint/checkpoint.ts'
import { refusal } from './refusal.ts'

const fixtures = fileURLToPath(new URL('../fixtures/torch/', import.meta.url))
const golden = fileURLToPath(new URL('../../../shared/golden/torch-files/', import.meta.url))

interface Held {
  dtype: string
  shape: number[]
  values: (number | string)[]
}
type Expected =
  | { refuse: string; says: string }
  | {
      format: string
      wrapper: string
      skipped: string[]
      scalars: Record<string, unknown>
      tensors: Record<string, Held>
    }

const { versions: _, ...expected } = JSON.parse(readFileSync(`${fixtures}expected.json`, 'utf8')) as Record<
  string,
  Expected
>

/** Exact values, dtype and shape; `read` whole, in parts and from the middle must agree with them. */
async function expectTensor(tensor: CheckpointTensor | undefined, held: Held): Promise<void> {
  expect(tensor).toMatchObject({ dtype: held.dtype, shape: held.shape, size: held.values.length })
  const exact = held.values.map((value) => (held.dtype === 'int64' ? BigInt(value) : Number(value)))
  expect(await tensor!.values()).toEqual(exact)
  const floats = Float32Array.from(exact, Number)
  expect(await tensor!.read()).toEqual(floats)
  for (let start = 0; start <= floats.length; start++) {
    for (const count of [0, 1, 3, 7, floats.length - start]) {
      if (start + count <= floats.length)
        expect(await tensor!.read(start, count)).toEqual(floats.slice(start, start + count))
    }
  }
}

describe('openCheckpoint on files of torch and safetensors', () => {
  for (const [name, want] of Object.entries(expected)) {
    if ('refuse' in want) {
      it(`refuses ${name}`, async () => {
        const error = await refusal(fixtures + name)
        expect(error.code).toBe(want.refuse)
        expect(error.message).toContain(want.says)
      })
      continue
    }
    it(`reads ${name}`, async () => {
      await using checkpoint = await openCheckpoint(fixtures + name)
      expect(checkpoint.format).toBe(want.format)
      expect(checkpoint.wrapper).toBe(want.wrapper)
      expect([...checkpoint.skipped].sort()).toEqual([...want.skipped].sort())
      expect(Object.fromEntries(checkpoint.scalars)).toEqual(want.scalars)
      expect([...checkpoint.tensors.keys()].sort()).toEqual(Object.keys(want.tensors).sort())
      for (const [key, held] of Object.entries(want.tensors))
        await expectTensor(checkpoint.tensors.get(key), held)
      const checksums = want.format === 'torch-zip' && name !== 'no-crc.bin'
      expect(await checkpoint.verify()).toBe(checksums)
    })
  }

  it('names every file of a sharded checkpoint', async () => {
    await using checkpoint = await openCheckpoint(`${fixtures}sharded-bin`)
    expect(checkpoint.path).toBe(`${fixtures}sharded-bin/pytorch_model.bin.index.json`)
    expect(checkpoint.files.map((file) => file.slice(fixtures.length))).toEqual([
      'sharded-bin/pytorch_model-00001-of-00002.bin',
      'sharded-bin/pytorch_model-00002-of-00002.bin',
    ])
  })
})

describe('damage', () => {
  const message = /damaged: the CRC-32 of \S+\/data\/0 is [0-9a-f]{8}, not [0-9a-f]{8}/

  it('is found when a tensor is read, in one go or in parts', async () => {
    for (const parts of [1, 2, 40]) {
      await using checkpoint = await openCheckpoint(`${fixtures}damaged.bin`)
      const tensor = checkpoint.tensors.get('a')!
      const read = async (): Promise<void> => {
        const count = tensor.size / parts
        for (let at = 0; at < tensor.size; at += count) await tensor.read(at, count)
      }
      await expect(read()).rejects.toThrow(message)
    }
  })

  it('is found by verify after reads out of order, and not when checks are off', async () => {
    await using checkpoint = await openCheckpoint(`${fixtures}damaged.bin`)
    await checkpoint.tensors.get('a')!.read(3, 5)
    await expect(checkpoint.verify()).rejects.toThrow(message)
    await expect(checkpoint.verify()).rejects.toThrow(message)
    await using unchecked = await openCheckpoint(`${fixtures}damaged.bin`, { checkCrc: false })
    expect((await unchecked.tensors.get('a')!.read()).length).toBe(40)
    expect(await unchecked.verify()).toBe(false)
  })

  it('stops verifying on abort', async () => {
    await using checkpoint = await openCheckpoint(`${fixtures}strides.bin`)
    await expect(checkpoint.verify({ signal: AbortSignal.abort() })).rejects.toThrow('aborted')
  })
})

describe.skipIf(!existsSync(golden))('openCheckpoint on the shared golden files', async () => {
  type Tree = { [key: string]: Tree | Held | number | string }
  const wanted = (
    existsSync(golden) ? JSON.parse(readFileSync(`${golden}expected.json`, 'utf8')) : {}
  ) as Record<string, Tree>
  const isHeld = (value: unknown): value is Held =>
    typeof value === 'object' && value !== null && 'dtype' in value

  for (const [name, tree] of Object.entries(wanted)) {
    it(`reads ${name}`, async () => {
      await using checkpoint = await openCheckpoint(`${golden}${name}.bin`)
      const inner = (tree['state_dict'] ?? tree) as Tree
      const held = Object.entries(inner).filter((entry): entry is [string, Held] => isHeld(entry[1]))
      const wrappers: Record<string, string> = { 'zip-nested': 'state_dict.', 'zip-module-prefix': 'module.' }
      expect(checkpoint.wrapper).toBe(wrappers[name] ?? '')
      expect([...checkpoint.tensors.keys()]).toEqual(held.map(([key]) => key.replace('module.', '')))
      for (const [key, value] of held)
        await expectTensor(checkpoint.tensors.get(key.replace('module.', '')), value)
      const others = Object.entries(tree).filter(([key, value]) => key !== 'state_dict' && !isHeld(value))
      expect(Object.fromEntries(checkpoint.scalars)).toEqual(Object.fromEntries(others))
    })
  }

  it('refuses every refuse-* file, each for its reason', async () => {
    const codes: Record<string, [code: string, says: string]> = {
      'refuse-empty.bin': ['checkpoint_truncated', 'it is empty'],
      'refuse-eval.bin': ['checkpoint_unsafe', 'the Python object builtins.eval'],
      'refuse-lfs-pointer.bin': ['checkpoint_unreadable', 'git-lfs pointer'],
      'refuse-not-a-checkpoint.bin': ['checkpoint_unreadable', 'HTML page (“Entry not found”)'],
      'refuse-os-system.bin': ['checkpoint_unsafe', 'the Python object posix.system'],
      'refuse-truncated.bin': ['checkpoint_truncated', 'cut short'],
    }
    const files = (await readdir(golden)).filter((file) => file.startsWith('refuse-')).sort()
    expect(files).toEqual(Object.keys(codes))
    for (const file of files) {
      const error = await refusal(golden + file)
      expect([error.code, error.message]).toEqual([codes[file]![0], expect.stringContaining(codes[file]![1])])
    }
    expect(existsSync('EXECUTED') || existsSync(`${golden}EXECUTED`)).toBe(false)
  })

  it('opens the tiny model by its folder and verifies all of it', async () => {
    await using checkpoint: Checkpoint = await openCheckpoint(
      fileURLToPath(new URL('../tiny/ICT/', `file://${golden}`)),
    )
    expect(checkpoint.path.endsWith('ICT/pytorch_model.bin')).toBe(true)
    expect(checkpoint.tensors.get('text_model.embeddings.token_embedding.weight')?.shape).toEqual([49408, 32])
    expect(await checkpoint.verify()).toBe(true)
  })
})
