import { expect, it } from 'vitest'
import type { CheckpointTensor } from '../../../src/checkpoint/checkpoint.ts'
import type { ClipConfig } from '../../../src/convert/config/clip-config.ts'
import { visionWeights } from '../../../src/convert/graph/tower-weights.ts'
import { transposeInto } from '../../../src/convert/graph/weight-passes.ts'
import { WeightPool } from '../../../src/convert/graph/weight-pool.ts'

/** A tensor of a tower without layers: its values count up. */
const counting = (shape: readonly number[]): CheckpointTensor => {
  const size = shape.reduce((a, b) => a * b, 1)
  const readInto = async (target: Float32Array, start = 0): Promise<void> =>
    target.forEach((_, i) => (target[i] = start + i))
  return {
    name: 'counting',
    dtype: 'float32',
    shape,
    size,
    inOrder: true,
    readInto,
    read: async () => Float32Array.from({ length: size }, (_, i) => i),
    values: () => Promise.reject(new Error('nobody asks')),
  }
}

it.each([
  ['one band', 64, 128],
  ['rows that are no whole sixty-fours', 100, 48],
  ['several bands', 1100, 4096],
  ['rows of which a band holds fewer than sixty-four', 36, 20_000],
  ['odd numbers', 7, 33],
])('a matrix is turned in bands: %s', async (_, rows, columns) => {
  const config = {
    vision: { hiddenSize: columns, layers: 0, patchSize: 1, positions: 1 },
    projectionDim: rows,
  } as unknown as ClipConfig
  const weights = visionWeights(config, (name) =>
    counting(name === 'visual_projection.weight' ? [rows, columns] : [columns]),
  )
  const projection = weights.find(({ key }) => key === 'projection.weight')!
  const pool = new WeightPool()
  pool.reserve([rows * columns])
  const right = new Float32Array(rows * columns)
  transposeInto(
    right,
    rows,
    0,
    Float32Array.from(right, (_, i) => i),
    rows,
    columns,
  )
  expect(Buffer.from(await bytesOf(projection.load(pool))).equals(Buffer.from(right.buffer))).toBe(true)
})

async function bytesOf(values: Promise<Float32Array>): Promise<Uint8Array> {
  const { buffer, byteOffset, byteLength } = await values
  return new Uint8Array(buffer, byteOffset, byteLength)
}
