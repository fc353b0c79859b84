import { mkdir, mkdtemp, open, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'
import { afterAll, beforeAll } from 'vitest'
import { openCheckpoint } from '../../src/convert/index.ts'

/** Small checkpoints in every container, and PyTorch's answers; see scripts/fixtures/make-checkpoint.py. */
const fixtures = fileURLToPath(new URL('../fixtures/checkpoint/', import.meta.url))

export interface Reference {
  readonly images: readonly string[]
  readonly prompts: readonly string[]
  readonly ict: readonly (readonly number[])[]
  readonly hp: readonly number[]
  readonly ictImageEmbeds: readonly (readonly number[])[]
  readonly hpImageEmbeds: readonly (readonly number[])[]
  readonly ictTextEmbeds: readonly (readonly number[])[]
  readonly variants: Readonly<
    Record<string, { readonly ict: readonly (readonly number[])[]; readonly hp: readonly number[] }>
  >
}

/** One tensor of a checkpoint that a test writes. */
export interface Weight {
  readonly dtype: 'F32' | 'F64'
  readonly shape: readonly number[]
  readonly values: Float32Array | Float64Array
}

export class CheckpointRoom {
  /** A fresh folder for all tests of a file. */
  folder = ''
  reference!: Reference
  /** Paths of the pictures that the reference scored. */
  images: readonly string[] = []

  at(...path: string[]): string {
    return join(this.folder, ...path)
  }

  /** Unpacks a fixture to a path in the folder; returns the path. */
  async unpack(fixture: string, path: string): Promise<string> {
    const packed = await readFile(`${fixtures}${fixture}`).catch(() =>
      readFile(`${fixtures}${fixture}.gz`).then(gunzipSync),
    )
    await mkdir(dirname(this.at(path)), { recursive: true })
    await writeFile(this.at(path), packed)
    return this.at(path)
  }

  /** The weights of a fixture, to be changed and written again. */
  async weights(fixture: string): Promise<Map<string, Weight>> {
    await using checkpoint = await openCheckpoint(await this.unpack(fixture, `unpacked/${fixture}`))
    const weights = new Map<string, Weight>()
    for (const [name, tensor] of checkpoint.tensors) {
      weights.set(name, { dtype: 'F32', shape: tensor.shape, values: (await tensor.read()).slice() })
    }
    return weights
  }

  /** https://github.com/huggingface/safetensors#format */
  async writeWeights(folder: string, weights: ReadonlyMap<string, Weight>): Promise<string> {
    let end = 0
    const header = Object.fromEntries(
      [...weights].map(([name, { dtype, shape, values }]) => {
        const start = end
        end += values.byteLength
        return [name, { dtype, shape, data_offsets: [start, end] }]
      }),
    )
    const text = Buffer.from(JSON.stringify(header))
    const length = Buffer.alloc(8)
    length.writeBigUInt64LE(BigInt(text.length))
    await mkdir(this.at(folder), { recursive: true })
    const file = await open(this.at(folder, 'model.safetensors'), 'w')
    for (const part of [
      length,
      text,
      ...[...weights.values()].map(({ values }) => new Uint8Array(values.buffer)),
    ])
      await file.write(part)
    await file.close()
    return this.at(folder)
  }

  /** What a folder holds, folders below it too, in order; empty where there is none. */
  async list(path: string): Promise<string[]> {
    const entries = await readdir(this.at(path), { withFileTypes: true, recursive: true }).catch(() => [])
    return entries
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(this.at(path).length + 1))
      .sort()
  }
}

/** `base/` with the config, `ICT/` and `HP/` in the layout of the official ones, for the tests of one file. */
export function checkpointRoom(): CheckpointRoom {
  const room = new CheckpointRoom()
  beforeAll(async () => {
    room.folder = await mkdtemp(join(tmpdir(), 'icthp-convert-'))
    room.reference = JSON.parse(await readFile(`${fixtures}reference.json`, 'utf8')) as Reference
    room.images = room.reference.images.map((name) => fixtures + name)
    await room.unpack('config.json', 'base/config.json')
    await room.unpack('ict-zip.bin', 'ICT/pytorch_model.bin')
    await room.unpack('hp-backbone.bin', 'HP/hp_backbone/pytorch_model.bin')
    await room.unpack('hp-scorer.bin', 'HP/hp_scorer/mlp_pytorch_model.bin')
  })
  afterAll(() => rm(room.folder, { recursive: true, force: true }))
  return room
}

/** The largest difference of two lists, or lists of lists, of the same shape. */
export function furthest(
  a: readonly (number | ArrayLike<number>)[],
  b: readonly (number | ArrayLike<number>)[],
): number {
  const flat = (list: readonly (number | ArrayLike<number>)[]): number[] =>
    list.flatMap((value) => (typeof value === 'number' ? [value] : Array.from(value)))
  const [left, right] = [flat(a), flat(b)]
  if (left.length !== right.length) return NaN
  return left.reduce((most, value, i) => Math.max(most, Math.abs(value - right[i]!)), 0)
}
