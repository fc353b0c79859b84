import { open, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { checkObject } from '../base/check-object.ts'
import { InputError, show } from '../base/errors.ts'
import { makeFolder } from '../base/files/make-folder-node.ts'
import type { ClipConfig, ClipTowerConfig } from './config/clip-config.ts'
import { expectedKeys, headKeys } from './layouts/clip-keys.ts'
import { hubConfig } from './write/hub-files.ts'

export const RANDOM_SIZES = ['tiny', 'base', 'vit-h'] as const
export type RandomSize = (typeof RANDOM_SIZES)[number]

const tower = (
  hiddenSize: number,
  intermediateSize: number,
  layers: number,
  heads: number,
): ClipTowerConfig => ({ hiddenSize, intermediateSize, layers, heads, hiddenAct: 'gelu', layerNormEps: 1e-5 })

const config = (vision: ClipTowerConfig, patchSize: number, text: ClipTowerConfig): ClipConfig => ({
  projectionDim: 1024,
  vision: { ...vision, imageSize: 224, patchSize, positions: Math.floor(224 / patchSize) ** 2 + 1 },
  text: { ...text, vocabSize: 49408, maxPositions: 77, pooling: 'argmax', eosTokenId: 2 },
})

const CONFIGS: Readonly<Record<RandomSize, ClipConfig>> = {
  tiny: config(tower(48, 96, 3, 4), 14, tower(32, 64, 2, 2)),
  base: config(tower(768, 3072, 12, 12), 16, tower(512, 2048, 12, 8)),
  'vit-h': config(tower(1280, 5120, 32, 16), 14, tower(1024, 4096, 24, 16)),
}

/**
 * Writes random ICT and HP checkpoints in the layout of the official ones, as float32 safetensors: for tests,
 * benchmarks and first tries. They cost what real ones of the size cost and judge nothing.
 */
export async function writeRandomCheckpoint(
  folder: string,
  options: { size?: RandomSize; seed?: number } = {},
): Promise<void> {
  checkObject(options, 'writeRandomCheckpoint')
  if (typeof folder !== 'string')
    throw new InputError('input_invalid_option', `A folder is a path, not ${show(folder)}.`, { folder })
  const { size = 'tiny', seed = 0 } = options
  const clip = CONFIGS[size]
  if (!clip)
    throw new InputError(
      'input_invalid_option',
      `There is no size ${show(size)}. Use ${RANDOM_SIZES.join(', ')}.`,
      { size },
    )
  const random = new Random(seed)
  const keys = expectedKeys(clip)
  const text = hubConfig('ict', clip, {})
  for (const path of ['base', 'HP/hp_backbone']) {
    await makeFolder(join(folder, path))
    await writeFile(join(folder, path, 'config.json'), text)
  }
  for (const path of ['ICT', 'HP/hp_backbone'])
    await writeSafetensors(join(folder, path), keys, (name, dims) => clipValues(random, clip, name, dims))
  await writeSafetensors(join(folder, 'HP/hp_scorer'), headKeys(), (name, dims) =>
    headValues(random, name, dims),
  )
}

/** Spreads as transformers initialises CLIP, times 1.5, so that activations are neither tiny nor saturated. */
function clipValues(random: Random, clip: ClipConfig, name: string, dims: readonly number[]): Float32Array {
  const { hiddenSize: width, layers } = name.startsWith('text') ? clip.text : clip.vision
  if (name === 'logit_scale') return Float32Array.of(4.6052)
  if (dims.length === 1 && name.includes('norm') && name.endsWith('weight'))
    return random.uniform(dims, 0.5, 1.5)
  if (name.endsWith('class_embedding')) return random.normal(dims, width ** -0.5)
  if (name.endsWith('bias')) return random.normal(dims, 0.05)
  if (name.includes('embedding')) return random.normal(dims, 0.02)
  if (name.includes('out_proj') || name.includes('projection'))
    return random.normal(dims, 1.5 * width ** -0.5)
  if (name.includes('fc1')) return random.normal(dims, 1.5 * (2 * width) ** -0.5)
  return random.normal(dims, 1.5 * (2 * width * layers) ** -0.5)
}

function headValues(random: Random, name: string, dims: readonly number[]): Float32Array {
  return name.endsWith('bias') ? random.normal(dims, 0.05) : random.normal(dims, 0.7 * dims[1]! ** -0.5)
}

/** https://github.com/huggingface/safetensors#format */
async function writeSafetensors(
  folder: string,
  keys: ReadonlyMap<string, readonly number[]>,
  make: (name: string, dims: readonly number[]) => Float32Array,
): Promise<void> {
  await makeFolder(folder)
  const header: Record<string, { dtype: 'F32'; shape: readonly number[]; data_offsets: [number, number] }> =
    {}
  let end = 0
  for (const [name, shape] of keys) {
    const start = end
    end += 4 * shape.reduce((a, b) => a * b, 1)
    header[name] = { dtype: 'F32', shape, data_offsets: [start, end] }
  }
  const json = Buffer.from(JSON.stringify(header))
  const length = Buffer.alloc(8)
  length.writeBigUInt64LE(BigInt(json.length))
  const file = await open(join(folder, 'model.safetensors'), 'w')
  try {
    await file.writev([length, json])
    for (const [name, shape] of keys) await file.writev([new Uint8Array(make(name, shape).buffer)])
  } finally {
    await file.close()
  }
}

/** xorshift32; a normal value is the sum of eight bytes, centred: near enough, and quick for a billion of them. */
class Random {
  #state: number

  constructor(seed: number) {
    this.#state = (seed * 0x9e3779b1 + 0x7f4a7c15) | 0 || 1
  }

  uniform(dims: readonly number[], low: number, high: number): Float32Array {
    return this.#fill(dims, () => low + (high - low) * ((this.#next() >>> 0) / 2 ** 32))
  }

  normal(dims: readonly number[], deviation: number): Float32Array {
    // Variance of a byte is (256² - 1) / 12; the mean of eight is 4 · 255.
    const scale = deviation / Math.sqrt((8 * (256 ** 2 - 1)) / 12)
    return this.#fill(dims, () => (bytes(this.#next()) + bytes(this.#next()) - 1020) * scale)
  }

  #fill(dims: readonly number[], value: () => number): Float32Array {
    const out = new Float32Array(dims.reduce((a, b) => a * b, 1))
    for (let i = 0; i < out.length; i++) out[i] = value()
    return out
  }

  #next(): number {
    let x = this.#state
    x ^= x << 13
    x ^= x >>> 17
    x ^= x << 5
    return (this.#state = x)
  }
}

const bytes = (x: number): number => (x & 255) + ((x >>> 8) & 255) + ((x >>> 16) & 255) + (x >>> 24)
