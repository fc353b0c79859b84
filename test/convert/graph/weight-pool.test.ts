import { describe, expect, it, test } from 'vitest'
import { transposeInto } from '../../../src/convert/graph/weight-passes.ts'
import { WeightPool } from '../../../src/convert/graph/weight-pool.ts'

const ROOM = 64 * 1024

function poolOf(engine: 'wasm' | 'js'): WeightPool {
  const pool = new WeightPool(engine)
  pool.reserve([ROOM])
  return pool
}

describe.each(['wasm', 'js'] as const)('in %s', (engine) => {
  it.each([
    [4, 4],
    [16, 16],
    [20, 12],
    [64, 64],
    [68, 12],
    [36, 1024],
    [1024, 60],
    [3, 5],
    [17, 64],
    [64, 18],
  ])('%d × %d is turned, into its columns alone', (rows, columns) => {
    const pool = poolOf(engine)
    const from = pool.bands[0].subarray(0, rows * columns)
    from.forEach((_, i) => (from[i] = i + 1))
    const width = rows + 8
    const out = pool.take(ROOM).fill(-1)
    pool.turn(out, width, 4, from, rows, columns)
    for (let c = 0; c < columns; c++) {
      const row = Array.from({ length: rows }, (_, r) => r * columns + c + 1)
      expect(Array.from(out.subarray(c * width, (c + 1) * width))).toEqual([
        -1,
        -1,
        -1,
        -1,
        ...row,
        -1,
        -1,
        -1,
        -1,
      ])
    }
  })

  it('knows what is no number, wherever it is, and lets through all that is one', () => {
    const pool = poolOf(engine)
    for (const length of [ROOM, ROOM - 4, ROOM - 1]) {
      const values = pool.take(length).fill(1)
      values.set([0, -0, 3.4e38, -3.4e38, 1e-45, -1e-45])
      expect(pool.finite(values)).toBe(true)
      for (const place of [0, 1, 2, 3, 4, length - 1]) {
        for (const value of [NaN, Infinity, -Infinity]) {
          const kept = values[place]!
          values[place] = value
          expect(pool.finite(values)).toBe(false)
          values[place] = kept
        }
      }
      pool.give(values)
    }
  })
})

test('places are used again once they are given back, and never two at a time', () => {
  const pool = poolOf('wasm')
  const first = [1, 2, 3, 4, 5, 6].map((value) => pool.take(ROOM).fill(value))
  expect(first.map((values) => values.every((value) => value === values[0]))).toEqual(
    Array<boolean>(6).fill(true),
  )
  expect(new Set(first.map(({ buffer }) => buffer)).size).toBe(3)
  first.forEach((values) => pool.give(values))
  pool.give(first[0]!)
  const again = [1, 2, 3, 4].map((value) => pool.take(5000).fill(value))
  expect(new Set(again.map(({ byteOffset }) => byteOffset)).size).toBe(4)
  expect(again.every(({ buffer }) => buffer === first[0]!.buffer)).toBe(true)
})

test('what the pool has no room for, and what is not its own, works as well', () => {
  const pool = poolOf('wasm')
  const from = Float32Array.from({ length: 400 * 400 }, (_, i) => i)
  const [out, right] = [pool.take(from.length), new Float32Array(from.length)]
  pool.turn(out, 400, 0, from, 400, 400)
  transposeInto(right, 400, 0, from, 400, 400)
  expect(out).toEqual(right)
  pool.give(out)
  expect(pool.finite(out)).toBe(true)
})
