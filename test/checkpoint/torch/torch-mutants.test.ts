import { readFileSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { CheckpointError } from '../../../src/base/errors.ts'
import { openCheckpoint } from '../../../src/checkpoint/checkpoint.ts'

type Held = [dtype: string, shape: number[], values: (number | string)[]]
type Answer = Record<string, Held | null> | null
type Mutant = [base: string, start: number, remove: number, insert: string, answer: Answer]

const file = fileURLToPath(new URL('../../fixtures/torch-mutants/mutants.json', import.meta.url))
const { bases, mutants } = JSON.parse(readFileSync(file, 'utf8')) as {
  bases: Record<string, string>
  mutants: Mutant[]
}

/** Damage that torch does not look for. It has no checksums in its own reader, and takes the first of two of a name. */
const STRICTER = [
  /the CRC-32 of/,
  /contradict each other/,
  /is not where its zip directory says/,
  /zip64 directory is damaged/,
  /has two entries named/,
  /marked as a folder/,
  /bytes where \d+ are needed/,
  /is compressed/,
  /header has .* twice/,
  // Read as whatever was in memory.
  /which a tensor needs, is not in the file/,
  // Protocols that do not exist; types that no weights have; what is no dict.
  /announces pickle protocol/,
  /has dtype/,
  /a plain pickle/,
  /no dict of tensors/,
  /whose (?:hooks|metadata) (?:are|is) not a dict/,
  /elements where \d+ are needed/,
]

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'icthp-mutants-'))
})
afterAll(() => rm(folder, { recursive: true }))

async function read(path: string): Promise<Map<string, Held> | CheckpointError> {
  try {
    await using checkpoint = await openCheckpoint(path)
    const found = new Map<string, Held>()
    for (const [key, tensor] of checkpoint.tensors) {
      const values = (await tensor.values()).map((value) =>
        Number.isFinite(Number(value)) ? Number(value) : `${value}`,
      )
      found.set(checkpoint.wrapper + key, [tensor.dtype, [...tensor.shape], values])
    }
    return found
  } catch (error) {
    if (error instanceof CheckpointError) return error
    throw error
  }
}

test('of damaged files, those are refused that torch and safetensors refuse, and the others read alike', async () => {
  let [refused, equal, stricter] = [0, 0, 0]
  for (const [i, [base, start, remove, insert, answer]] of mutants.entries()) {
    const whole = Buffer.from(bases[base]!, 'base64')
    const path = join(folder, 'mutant')
    const parts = [whole.subarray(0, start), Buffer.from(insert, 'base64'), whole.subarray(start + remove)]
    writeFileSync(path, Buffer.concat(parts))
    const ours = await read(path)
    if (ours instanceof CheckpointError) {
      if (answer === null) refused++
      else {
        expect(
          STRICTER.some((reason) => reason.test(ours.message)),
          `${i}: ${ours.message}`,
        ).toBe(true)
        stricter++
      }
      continue
    }
    expect(answer, `mutant ${i} of ${base} is refused by torch`).not.toBeNull()
    for (const [name, held] of ours) {
      const [dtype, shape, values] = answer![name]!
      expect([i, name, ...held]).toEqual([
        i,
        name,
        dtype,
        shape,
        values.map((value) => (typeof value === 'boolean' ? Number(value) : value)),
      ])
    }
    equal++
  }
  expect(refused + equal + stricter).toBe(mutants.length)
  expect([refused > 150, equal > 80, stricter < 60]).toEqual([true, true, true])
})
