import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { IcthpError } from '../../../src/base/errors.ts'
import { openCheckpoint } from '../../../src/checkpoint/checkpoint.ts'
import { corpusOf } from '../corpus.ts'
import type { FuzzTarget } from '../fuzz.ts'

const fixtures = fileURLToPath(new URL('../../fixtures/torch/', import.meta.url))
/** A tensor of stride 0 may say it is larger than any machine; those are opened, not read. */
const MOST = 1_000_000

/** Every tensor of a file is read to its size, or there is an error of ours. Shards lie beside those that are whole. */
export const checkpoints: FuzzTarget = {
  name: 'checkpoints',
  corpus: corpusOf('torch', /\.(bin|pt|ckpt|safetensors|index\.json)$/),
  async run(mutant, name) {
    const folder = mkdtempSync(join(tmpdir(), 'icthp-fuzz-'))
    try {
      const [shards] = name.split('/')
      if (shards !== name) {
        mkdirSync(join(folder, shards!))
        for (const file of readdirSync(fixtures + shards))
          copyFileSync(join(fixtures, shards!, file), join(folder, shards!, file))
      }
      writeFileSync(join(folder, name), mutant)
      return await outcomeOf(join(folder, shards!))
    } finally {
      rmSync(folder, { recursive: true })
    }
  },
}

/** Reads all of a checkpoint: what it comes to, or the code of the error. */
export async function outcomeOf(path: string): Promise<string> {
  try {
    return await read(path)
  } catch (error) {
    if (error instanceof IcthpError) return error.code
    throw error
  }
}

async function read(path: string): Promise<string> {
  await using checkpoint = await openCheckpoint(path)
  let outcome = 'values'
  for (const tensor of checkpoint.tensors.values()) {
    if (tensor.size > MOST) outcome = 'too large to read here'
    else if ((await tensor.read()).length !== tensor.size)
      throw new Error(`${tensor.name} is not of ${tensor.size} elements`)
  }
  await checkpoint.verify()
  return outcome
}
